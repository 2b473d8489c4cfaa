package main

import (
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// backlog is how many reviews may be due and unsent before the pacer waits: a server that is
// behind by this many is behind for good, and its latency says so.
const backlog = 1 << 14

// Measured is the result of a run. Times are in microseconds; Answered counts the warm-up too,
// which the server's CPU time includes.
type Measured struct {
	Reviews   int     `json:"reviews"`
	Answered  int     `json:"answered"`
	Errors    int     `json:"errors"`
	Error     string  `json:"error,omitempty"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	P50       float64 `json:"p50_us"`
	P90       float64 `json:"p90_us"`
	P99       float64 `json:"p99_us"`
	Max       float64 `json:"max_us"`
	CPU       float64 `json:"load_cpu"`
}

// worker has one connection, and keeps what it saw.
type worker struct {
	latencies []time.Duration
	answered  int
	errors    int
	failure   error
	next      int
}

func measure(s *Settings) Measured {
	if s.rate > 0 {
		// The pacer sleeps in the kernel and keeps one processor of the runtime meanwhile.
		runtime.GOMAXPROCS(2)
	}
	workers := make([]*worker, s.connections)
	begin := time.Now().Add(s.warmup)
	end := begin.Add(s.duration)
	var due chan time.Time
	if s.rate > 0 {
		due = make(chan time.Time, backlog)
		go pace(due, s.rate, end)
	}
	var group sync.WaitGroup
	for i := range workers {
		workers[i] = &worker{next: i}
		group.Go(func() { workers[i].work(s, due, begin, end) })
	}
	time.Sleep(time.Until(begin))
	atBegin := cpu()
	group.Wait()
	return summarise(workers, cpu()-atBegin, s.duration)
}

// pace says when each review is due; nanosleep is more exact than the runtime's timers, which
// wait for whole milliseconds when nothing else goes on.
func pace(due chan<- time.Time, rate int, end time.Time) {
	runtime.LockOSThread()
	defer close(due)
	interval := time.Second / time.Duration(rate)
	for next := time.Now(); next.Before(end); next = next.Add(interval) {
		if wait := time.Until(next); wait > 0 {
			pause := syscall.NsecToTimespec(int64(wait))
			_ = syscall.Nanosleep(&pause, nil)
		}
		due <- time.Now()
	}
}

// work sends reviews until the end: those that are due, or one after another. A review that had
// to wait for a connection is as late as its sender sees it.
func (w *worker) work(s *Settings, due <-chan time.Time, begin, end time.Time) {
	var c *connection
	defer func() {
		if c != nil {
			c.close()
		}
	}()
	for {
		started := time.Now()
		if due != nil {
			var ok bool
			if started, ok = <-due; !ok {
				return
			}
		} else if !started.Before(end) {
			return
		}
		request := s.requests[w.next%len(s.requests)]
		w.next++
		var err error
		if c, err = w.send(s, c, request); err != nil {
			if w.failed(err); w.errors > 100 {
				return
			}
			continue
		}
		w.answered++
		if !started.Before(begin) {
			w.latencies = append(w.latencies, time.Since(started))
		}
	}
}

func (w *worker) send(s *Settings, c *connection, request []byte) (*connection, error) {
	if s.fresh {
		return nil, askOnce(s, request)
	}
	if c == nil {
		var err error
		if c, err = dial(s); err != nil {
			return nil, err
		}
	}
	if err := c.ask(request); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

func (w *worker) failed(err error) {
	w.errors++
	w.failure = err
}

func summarise(workers []*worker, spent, took time.Duration) Measured {
	var all []time.Duration
	found := Measured{Seconds: took.Seconds(), CPU: spent.Seconds() / took.Seconds()}
	for _, w := range workers {
		all = append(all, w.latencies...)
		found.Answered += w.answered
		found.Errors += w.errors
		if w.failure != nil {
			found.Error = w.failure.Error()
		}
	}
	slices.Sort(all)
	found.Reviews = len(all)
	found.PerSecond = float64(len(all)) / took.Seconds()
	if len(all) > 0 {
		found.P50, found.P90, found.P99 = at(all, 0.50), at(all, 0.90), at(all, 0.99)
		found.Max = at(all, 1)
	}
	return found
}

// at gives the nearest-rank quantile of sorted times, in microseconds.
func at(sorted []time.Duration, quantile float64) float64 {
	index := max(int(quantile*float64(len(sorted))+0.999999)-1, 0)
	return float64(sorted[min(index, len(sorted)-1)].Nanoseconds()) / 1000
}

// cpu gives what this process has spent.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
