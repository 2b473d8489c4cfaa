// Command redis keeps what Argo CD's components tell one another: as much of Redis as they use, in
// memory, on one loopback address that is named by the only argument.
package main

import (
	"log"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	store := miniredis.NewMiniRedis()
	if err := store.StartAddr(os.Args[1]); err != nil {
		log.Fatal(err)
	}
	// Its clock stands still by itself: keys would never expire.
	for range time.Tick(time.Second) {
		store.FastForward(time.Second)
	}
}
