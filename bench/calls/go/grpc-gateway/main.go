// grpc-go behind net/http, and grpc-gateway beside it: one port, as ZITADEL has it. The gateway calls the service
// within the process, which is its fastest way.
package main

import (
	"context"
	"log"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	"lockoutd.example/bench/calls/gen"
	"lockoutd.example/bench/calls/peer"
)

type service struct {
	gen.UnimplementedAdminServiceServer
	policy *gen.GetLockoutPolicyResponse
}

func (s *service) GetLockoutPolicy(
	context.Context,
	*gen.GetLockoutPolicyRequest,
) (*gen.GetLockoutPolicyResponse, error) {
	return s.policy, nil
}

func main() {
	implementation := &service{policy: peer.Policy()}
	server := grpc.NewServer()
	gen.RegisterAdminServiceServer(server, implementation)
	gateway := runtime.NewServeMux()
	if err := gen.RegisterAdminServiceHandlerServer(context.Background(), gateway, implementation); err != nil {
		log.Fatal(err)
	}
	peer.Serve(http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.ProtoMajor == 2 && strings.HasPrefix(request.Header.Get("Content-Type"), "application/grpc") {
			server.ServeHTTP(response, request)
			return
		}
		gateway.ServeHTTP(response, request)
	}), "grpc", "rest")
}
