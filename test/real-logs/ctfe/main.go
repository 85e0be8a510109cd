// Command ctfe-of-the-tests runs an RFC 6962 log of the certificate-transparency-go project in one process: its front end CTFE, and
// Trillian with its sequencer over PostgreSQL. The log continues after a SIGKILL.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/google/certificate-transparency-go/trillian/ctfe"
	"github.com/google/certificate-transparency-go/trillian/ctfe/configpb"
	"github.com/google/trillian"
	"github.com/google/trillian/client"
	"github.com/google/trillian/crypto/keys"
	"github.com/google/trillian/crypto/keys/der"
	"github.com/google/trillian/crypto/keyspb"
	"github.com/google/trillian/extension"
	sequencing "github.com/google/trillian/log"
	"github.com/google/trillian/monitoring"
	"github.com/google/trillian/quota"
	"github.com/google/trillian/server"
	"github.com/google/trillian/server/admin"
	"github.com/google/trillian/server/interceptor"
	"github.com/google/trillian/storage/postgresql"
	"github.com/google/trillian/util/clock"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/types/known/durationpb"
)

var (
	database   = flag.String("database", "", "URI of the PostgreSQL database, which has the schema of Trillian")
	configFile = flag.String("log_config", "", "file with a LogConfig in text format; its log_id is set here")
	endpoint   = flag.String("http_endpoint", "", "address for HTTP")
)

func main() {
	flag.Parse()
	keys.RegisterHandler(&keyspb.PrivateKey{}, der.FromProto)
	ctx := context.Background()
	connection := startTrillian(ctx)
	text, err := os.ReadFile(*configFile)
	check(err)
	config := &configpb.LogConfig{}
	check(prototext.Unmarshal(text, config))
	config.LogId = findTree(ctx, connection)
	validated, err := ctfe.ValidateLogConfig(config)
	check(err)
	instance, err := ctfe.SetUpInstance(ctx, ctfe.InstanceOptions{
		Validated:     validated,
		Client:        trillian.NewTrillianLogClient(connection),
		Deadline:      10 * time.Second,
		MetricFactory: monitoring.InertMetricFactory{},
		RequestLog:    new(ctfe.DefaultRequestLog),
	})
	check(err)
	for path, handler := range instance.Handlers {
		http.Handle(path, handler)
	}
	check(http.ListenAndServe(*endpoint, nil))
}

// startTrillian starts the log server and the sequencer, and returns a connection to the server.
func startTrillian(ctx context.Context) *grpc.ClientConn {
	db, err := postgresql.OpenDB(*database)
	check(err)
	registry := extension.Registry{
		AdminStorage: postgresql.NewAdminStorage(db),
		LogStorage:   postgresql.NewLogStorage(db, monitoring.InertMetricFactory{}),
		QuotaManager: quota.Noop(),
	}
	rpc := grpc.NewServer(grpc.UnaryInterceptor(interceptor.ErrorWrapper))
	trillian.RegisterTrillianAdminServer(rpc, admin.New(registry, nil))
	trillian.RegisterTrillianLogServer(rpc, server.NewTrillianLogRPCServer(registry, clock.System))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	go func() { check(rpc.Serve(listener)) }()
	sequencer := sequencing.NewOperationManager(sequencing.OperationInfo{
		Registry:    registry,
		BatchSize:   100,
		NumWorkers:  1,
		RunInterval: 200 * time.Millisecond,
		TimeSource:  clock.System,
	}, sequencing.NewSequencerManager(registry, 0))
	go sequencer.OperationLoop(ctx)
	connection, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	return connection
}

// findTree returns the tree of the log. The first start creates it.
func findTree(ctx context.Context, connection *grpc.ClientConn) int64 {
	trees := trillian.NewTrillianAdminClient(connection)
	found, err := trees.ListTrees(ctx, &trillian.ListTreesRequest{})
	check(err)
	if len(found.Tree) > 0 {
		return found.Tree[0].TreeId
	}
	tree, err := client.CreateAndInitTree(ctx, &trillian.CreateTreeRequest{Tree: &trillian.Tree{
		TreeState:       trillian.TreeState_ACTIVE,
		TreeType:        trillian.TreeType_LOG,
		MaxRootDuration: durationpb.New(0),
	}}, trees, trillian.NewTrillianLogClient(connection))
	check(err)
	return tree.TreeId
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
