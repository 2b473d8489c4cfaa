// Command load sends reviews to a webhook, or pods to an API server, and says how long the answers
// took, as JSON.
//
// Its client is written by hand: that of net/http costs as much as a server does, and would be
// what is measured.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Settings is what one run does.
type Settings struct {
	address     string
	path        string
	status      int
	connections int
	rate        int
	fresh       bool
	warmup      time.Duration
	duration    time.Duration
	requests    [][]byte
	tls         *tls.Config
}

func main() {
	var s Settings
	flag.StringVar(&s.address, "address", "", "host:port of the server")
	flag.StringVar(&s.path, "path", "/mutate?timeout=10s", "path of each request, its query included")
	flag.IntVar(&s.status, "status", 200, "status of each answer; any other is an error")
	flag.IntVar(&s.connections, "connections", 1, "connections at a time")
	flag.IntVar(&s.rate, "rate", 0, "reviews a second, due at even intervals (0: as fast as answered)")
	flag.BoolVar(&s.fresh, "fresh", false, "a new connection for each review")
	flag.DurationVar(&s.warmup, "warmup", time.Second, "time before anything counts")
	flag.DurationVar(&s.duration, "duration", 3*time.Second, "time that counts")
	certificate := flag.String("cert", "", "the server's certificate, PEM")
	client := flag.String("client-cert", "", "the client's own certificate, PEM (none: it is nobody)")
	key := flag.String("client-key", "", "its private key, PEM")
	bodies := flag.String("bodies", "", "folder of bodies, *.json, sent in turn")
	flag.Parse()
	if err := run(&s, *certificate, *client, *key, *bodies); err != nil {
		fmt.Fprintf(os.Stderr, "load: %v\n", err)
		os.Exit(1)
	}
}

func run(s *Settings, certificate, client, key, bodies string) error {
	var err error
	if s.tls, err = trust(certificate); err != nil {
		return err
	}
	if client != "" {
		pair, err := tls.LoadX509KeyPair(client, key)
		if err != nil {
			return err
		}
		s.tls.Certificates = []tls.Certificate{pair}
	}
	if s.requests, err = prepare(s, bodies); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(measure(s))
}

// trust accepts exactly one certificate, which costs less than a chain. The key exchange is what
// every side can do: with its own choice Go would add ML-KEM, and Python's OpenSSL perhaps not.
func trust(file string) (*tls.Config, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: no certificate in it", file)
	}
	return &tls.Config{
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519},
		// The handshake still proves that the server has the key of what is compared here.
		InsecureSkipVerify: true,
		VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
			if len(raw) == 0 || !bytes.Equal(raw[0], block.Bytes) {
				return errors.New("another certificate than the one to trust")
			}
			return nil
		},
	}, nil
}

// prepare writes each body as a whole HTTP request, once.
func prepare(s *Settings, folder string) ([][]byte, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%s: no *.json in it", folder)
	}
	connection := "keep-alive"
	if s.fresh {
		connection = "close"
	}
	requests := make([][]byte, 0, len(files))
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		head := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: %s\r\n"+
			"User-Agent: kube-apiserver-admission\r\nContent-Length: %d\r\n"+
			"Accept: application/json, */*\r\nContent-Type: application/json\r\n"+
			"Accept-Encoding: gzip\r\nConnection: %s\r\n\r\n", s.path, s.address, len(body), connection)
		requests = append(requests, append([]byte(head), body...))
	}
	return requests, nil
}
