// Prints the names of every certificate. Needs: go get github.com/coder/websocket
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

func main() {
	ctx := context.Background()
	stream, _, err := websocket.Dial(ctx, "ws://localhost:8080/domains-only", nil)
	if err != nil {
		log.Fatal(err)
	}
	stream.SetReadLimit(-1)
	for {
		var message struct{ Data []string }
		if err := wsjson.Read(ctx, stream, &message); err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Data)
	}
}
