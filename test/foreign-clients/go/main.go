// Reads a stream with gorilla/websocket or coder/websocket.
// Arguments: URL, number of messages, "context" or "alone", "gorilla" or "coder".
package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"strconv"

	coder "github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
)

type reader func() ([]byte, error)

func withGorilla(url string) (reader, *http.Response, error) {
	dialer := gorilla.Dialer{EnableCompression: true}
	connection, response, err := dialer.Dial(url, nil)
	return func() ([]byte, error) {
		_, text, err := connection.ReadMessage()
		return text, err
	}, response, err
}

func withCoder(url string, mode string) (reader, *http.Response, error) {
	compression := coder.CompressionContextTakeover
	if mode == "alone" {
		compression = coder.CompressionNoContextTakeover
	}
	options := &coder.DialOptions{CompressionMode: compression}
	connection, response, err := coder.Dial(context.Background(), url, options)
	if err == nil {
		connection.SetReadLimit(-1)
	}
	return func() ([]byte, error) {
		_, text, err := connection.Read(context.Background())
		return text, err
	}, response, err
}

func run(url, count, mode, library string) error {
	dial := withCoder
	if library == "gorilla" {
		dial = func(url, _ string) (reader, *http.Response, error) { return withGorilla(url) }
	}
	read, response, err := dial(url, mode)
	if err != nil {
		return err
	}
	answer := response.Header.Get("Sec-WebSocket-Extensions")
	if answer == "" {
		answer = "none"
	}
	fmt.Println("extensions", answer)
	total, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	for i := 0; i < total; i++ {
		text, err := read()
		if err != nil {
			return err
		}
		fmt.Printf("%x\n", sha256.Sum256(text))
	}
	return nil
}

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
