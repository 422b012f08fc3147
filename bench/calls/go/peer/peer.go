// Package peer has what both programs share: the answer, the token and the port.
package peer

import (
	"encoding/json"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"lockoutd.example/bench/calls/gen"
)

// Policy is what every read is answered with: the policy that lockoutd creates at its first start.
func Policy() *gen.GetLockoutPolicyResponse {
	created := timestamppb.New(time.UnixMilli(1_795_000_000_123))
	return &gen.GetLockoutPolicyResponse{
		Policy: &gen.LockoutPolicy{
			Details: &gen.ObjectDetails{
				Sequence:      1,
				CreationDate:  created,
				ChangeDate:    created,
				ResourceOwner: "397114861402619904",
			},
			MaxPasswordAttempts: 5,
			MaxOtpAttempts:      5,
			IsDefault:           true,
		},
	}
}

// Listen takes a free port.
func Listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	return listener
}

// Serve answers both HTTP versions on one port, which it prints, to callers with the token.
func Serve(listener net.Listener, handler http.Handler, protocols ...string) {
	token := os.Getenv("BENCH_TOKEN")
	if token == "" {
		log.Fatal("BENCH_TOKEN is not set")
	}
	expected := "Bearer " + token
	checked := http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		if request.Header.Get("Authorization") != expected {
			response.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler.ServeHTTP(response, request)
	})

	ports := map[string]int{}
	for _, protocol := range protocols {
		ports[protocol] = listener.Addr().(*net.TCPAddr).Port
	}
	if err := json.NewEncoder(os.Stdout).Encode(ports); err != nil {
		log.Fatal(err)
	}

	server := &http.Server{Handler: checked, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	log.Fatal(server.Serve(listener))
}
