// Prints the certificates below example.com, also those of the time in which this program did not run.
// Needs: go get github.com/coder/websocket
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"os"
	"time"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

const place = "cursor.txt"

// save keeps the file complete at any time, also if this program is killed.
func save(cursor string) error {
	if err := os.WriteFile("cursor.new", []byte(cursor), 0o600); err != nil {
		return err
	}
	return os.Rename("cursor.new", place)
}

type message struct {
	MessageType string `json:"message_type"`
	Data        struct {
		Cursor   string
		LeafCert struct {
			AllDomains []string `json:"all_domains"`
		} `json:"leaf_cert"`
	}
}

func follow(ctx context.Context) error {
	query := url.Values{"domain": {"example.com"}, "events": {"1"}, "enrich": {"1"}, "slow": {"close"}}
	if cursor, err := os.ReadFile(place); err == nil {
		query.Set("since", string(cursor))
	}
	stream, response, err := websocket.Dial(ctx, "ws://localhost:8080/?"+query.Encode(), nil)
	if err != nil {
		var answer struct{ Oldest string }
		if response != nil && json.NewDecoder(response.Body).Decode(&answer) == nil && answer.Oldest != "" {
			// The server no longer knows the cursor: continue with the oldest entry that it holds.
			return save(answer.Oldest)
		}
		return err
	}
	defer stream.CloseNow()
	stream.SetReadLimit(-1)
	for {
		var m message
		if err := wsjson.Read(ctx, stream, &m); err != nil {
			return err
		}
		switch m.MessageType {
		case "certificate_update":
			fmt.Println(m.Data.LeafCert.AllDomains)
		case "gap":
			log.Print("missed messages")
		}
		if m.Data.Cursor != "" {
			if err := save(m.Data.Cursor); err != nil {
				return err
			}
		}
	}
}

func main() {
	for {
		log.Print(follow(context.Background()))
		time.Sleep(time.Second)
	}
}
