// Changes the filter of an open connection. Needs: go get github.com/coder/websocket
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/coder/websocket"
)

var requests = []string{
	`{"op":"add","filter":{"domain":["example.net"]}}`,
	`{"op":"remove","filter":{"domain":["example.com"]}}`,
	`{"op":"pause"}`,
	`{"op":"resume"}`,
	`{"op":"subscribe","filter":{"regex":["("]}}`,
	`{"op":"subscribe","filter":{"keyword":["juniper"],"type":["precert"]},"unique":true}`,
	`{"op":"status","id":7}`,
}

func main() {
	ctx := context.Background()
	stream, _, err := websocket.Dial(ctx, "ws://localhost:8080/?domain=example.com&events=1", nil)
	if err != nil {
		log.Fatal(err)
	}
	stream.SetReadLimit(-1)
	for _, request := range requests {
		if err := stream.Write(ctx, websocket.MessageText, []byte(request)); err != nil {
			log.Fatal(err)
		}
		for isAnswered := false; !isAnswered; {
			_, text, err := stream.Read(ctx)
			if err != nil {
				log.Fatal(err)
			}
			var message struct {
				MessageType string `json:"message_type"`
			}
			if err := json.Unmarshal(text, &message); err != nil {
				log.Fatal(err)
			}
			switch message.MessageType {
			case "certificate_update":
				fmt.Println("a certificate")
			case "subscribed", "error", "status":
				fmt.Println(string(text))
				isAnswered = true
			}
		}
	}
	stream.Close(websocket.StatusNormalClosure, "")
}
