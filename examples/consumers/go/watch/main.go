// Prints names that imitate three brands, each certificate once. Needs: go get github.com/coder/websocket
package main

import (
	"context"
	"fmt"
	"log"
	"net/url"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"
)

type update struct {
	Data struct {
		LeafCert struct {
			AllDomains         []string `json:"all_domains"`
			RegistrableDomains []string `json:"registrable_domains"`
			Issuer             struct{ O string }
		} `json:"leaf_cert"`
	}
}

func main() {
	query := url.Values{
		"similar":        {"delta.com,indigo.com,juniper.net"},
		"exclude_domain": {"delta.example"},
		"unique":         {"1"},
		"enrich":         {"1"},
	}
	ctx := context.Background()
	stream, _, err := websocket.Dial(ctx, "ws://localhost:8080/?"+query.Encode(), nil)
	if err != nil {
		log.Fatal(err)
	}
	stream.SetReadLimit(-1)
	for {
		var message update
		if err := wsjson.Read(ctx, stream, &message); err != nil {
			log.Fatal(err)
		}
		certificate := message.Data.LeafCert
		fmt.Println(certificate.RegistrableDomains, certificate.Issuer.O, certificate.AllDomains)
	}
}
