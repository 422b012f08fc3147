// grpc-go behind net/http, and grpc-gateway beside it: one port, as ZITADEL has it. The gateway calls the service
// by gRPC on that port, which is its usual way; with the argument "in-process" it calls the service itself, which
// is cheaper, but leaves out all interceptors.
package main

import (
	"context"
	"log"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

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
	listener := peer.Listen()
	gateway := runtime.NewServeMux()
	if err := register(gateway, implementation, listener.Addr().String()); err != nil {
		log.Fatal(err)
	}
	peer.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.ProtoMajor == 2 && strings.HasPrefix(request.Header.Get("Content-Type"), "application/grpc") {
			server.ServeHTTP(response, request)
			return
		}
		gateway.ServeHTTP(response, request)
	}), "grpc", "rest")
}

func register(gateway *runtime.ServeMux, implementation *service, address string) error {
	ctx := context.Background()
	if slices.Contains(os.Args, "in-process") {
		return gen.RegisterAdminServiceHandlerServer(ctx, gateway, implementation)
	}
	credentials := grpc.WithTransportCredentials(insecure.NewCredentials())
	return gen.RegisterAdminServiceHandlerFromEndpoint(ctx, gateway, address, []grpc.DialOption{credentials})
}
