// connect-go, which speaks gRPC and Connect, behind vanguard-go, which adds the rules of google.api.http: one port.
package main

import (
	"context"
	"log"

	"connectrpc.com/connect"
	"connectrpc.com/vanguard"

	"lockoutd.example/bench/calls/gen"
	"lockoutd.example/bench/calls/gen/genconnect"
	"lockoutd.example/bench/calls/peer"
)

type service struct {
	policy *gen.GetLockoutPolicyResponse
}

func (s *service) GetLockoutPolicy(
	context.Context,
	*connect.Request[gen.GetLockoutPolicyRequest],
) (*connect.Response[gen.GetLockoutPolicyResponse], error) {
	return connect.NewResponse(s.policy), nil
}

func main() {
	path, handler := genconnect.NewAdminServiceHandler(&service{policy: peer.Policy()})
	transcoder, err := vanguard.NewTranscoder([]*vanguard.Service{vanguard.NewService(path, handler)})
	if err != nil {
		log.Fatal(err)
	}
	peer.Serve(peer.Listen(), transcoder, "grpc", "connect", "rest")
}
