// Prints the names of the first 100 certificates of the last hour, then ends. Needs: go get github.com/coder/websocket
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
	stream, _, err := websocket.Dial(ctx, "ws://localhost:8080/domains-only?since=-1h&limit=100", nil)
	if err != nil {
		log.Fatal(err)
	}
	stream.SetReadLimit(-1)
	for {
		var message struct{ Data []string }
		err := wsjson.Read(ctx, stream, &message)
		if websocket.CloseStatus(err) == websocket.StatusNormalClosure {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.Data)
	}
}
