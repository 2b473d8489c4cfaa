// Command server is a Go admission webhook that decides about GPU pods as gpuclass does.
package main

import (
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"

	"gpuclass.test/benchmarks/webhook"
)

// limit is the size of a body, as large as API servers send (3 MiB and some).
const limit = 7 << 20

func main() {
	bind := flag.String("bind", "127.0.0.1:8443", "address to listen on")
	certificate := flag.String("cert", "", "certificate, PEM")
	key := flag.String("key", "", "private key, PEM")
	policy := flag.String("policy", "", "compiled policy, JSON")
	lean := flag.Bool("lean", false, "decode only the fields that the decision reads")
	flag.Parse()
	if err := serve(*bind, *certificate, *key, *policy, *lean); err != nil {
		fmt.Fprintf(os.Stderr, "server: %v\n", err)
		os.Exit(1)
	}
}

func serve(bind, certificate, key, file string, lean bool) error {
	policy, err := webhook.Load(file)
	if err != nil {
		return err
	}
	decode := webhook.DecodeWhole
	if lean {
		decode = webhook.DecodeLean
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /mutate", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, policy, decode)
	})
	server := &http.Server{
		Addr:              bind,
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       120 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0),
		// HTTP/1.1 on both sides; the load generator speaks nothing else.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		TLSConfig:    &tls.Config{MinVersion: tls.VersionTLS13},
	}
	return server.ListenAndServeTLS(certificate, key)
}

func answer(w http.ResponseWriter, r *http.Request, p *webhook.Policy, decode webhook.Decoder) {
	body, err := read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answered, err := webhook.Answer(body, p, decode)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(answered)))
	_, _ = w.Write(answered)
}

// read reads a body into a buffer of its own size, which io.ReadAll would have to grow to.
func read(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 || r.ContentLength > limit {
		return nil, fmt.Errorf("a body of %d bytes", r.ContentLength)
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(r.Body, body)
	return body, err
}
