// Package interop calls a running lockoutd with the clients that Go programs use for ZITADEL, unmodified.
package interop

import (
	"context"
	"net"
	"os"
	"testing"

	"github.com/zitadel/zitadel-go/v3/pkg/client"
	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/message"
	"github.com/zitadel/zitadel-go/v3/pkg/zitadel"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// stage is what the server was started with.
type stage struct {
	host, port              string
	adminToken              string
	instanceID, orgID, user string
}

func readStage(t *testing.T) stage {
	t.Helper()
	read := func(name string) string {
		value := os.Getenv(name)
		if value == "" {
			t.Fatalf("%s is not set: run this by npm run test:interop", name)
		}
		return value
	}
	host, port, err := net.SplitHostPort(read("LOCKOUTD_ADDRESS"))
	if err != nil {
		t.Fatal(err)
	}
	return stage{
		host:       host,
		port:       port,
		adminToken: read("LOCKOUTD_ADMIN_TOKEN"),
		instanceID: read("LOCKOUTD_INSTANCE_ID"),
		orgID:      read("LOCKOUTD_ORG_ID"),
		user:       read("LOCKOUTD_USER_ID"),
	}
}

// open makes the client as its documentation shows, with a personal access token.
func (s stage) open(t *testing.T) (context.Context, *client.Client) {
	t.Helper()
	ctx := t.Context()
	api, err := client.New(
		ctx,
		zitadel.New(s.host, zitadel.WithInsecure(s.port)),
		client.WithAuth(client.PAT(s.adminToken)),
	)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, api
}

// expectRefusal checks the status and the one detail of an error, as errors of ZITADEL carry it.
func expectRefusal(t *testing.T, err error, code codes.Code, key, id string) {
	t.Helper()
	got := status.Convert(err)
	if text := key + " (" + id + ")"; got.Code() != code || got.Message() != text {
		t.Fatalf("got %v %q, want %v %q", got.Code(), got.Message(), code, text)
	}
	if len(got.Details()) != 1 {
		t.Fatalf("got %d details, want 1", len(got.Details()))
	}
	detail, ok := got.Details()[0].(*message.ErrorDetail)
	if !ok || detail.GetId() != id || detail.GetMessage() != key {
		t.Fatalf("got the detail %v, want %s %s", got.Details()[0], id, key)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}
