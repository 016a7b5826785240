// NATS JetStream on the work of W1 and W3: a work queue of messages, each acknowledged by one of the workers. Server,
// workers and publisher are processes of their own, all of them this program.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"sort"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	stream   = "SLICES"
	subject  = "slices"
	consumer = "slots"
	inFlight = 10_000
	fetch    = 500
)

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func untilStdinCloses() { _, _ = io.Copy(io.Discard, os.Stdin) }

func serve(port int, directory string) {
	options := &server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: directory, NoLog: true, NoSigs: true}
	running := must(server.NewServer(options))
	go running.Start()
	untilStdinCloses()
	running.Shutdown()
}

func connect(url string) nats.JetStreamContext {
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		connection, err := nats.Connect(url)
		if err == nil {
			return must(connection.JetStream(nats.PublishAsyncMaxPending(inFlight)))
		}
		if time.Now().After(deadline) {
			log.Fatal(err)
		}
	}
}

func work(url string) {
	go func() {
		untilStdinCloses()
		os.Exit(0)
	}()
	queue := must(connect(url).PullSubscribe(subject, consumer, nats.Bind(stream, consumer)))
	for {
		messages, err := queue.Fetch(fetch, nats.MaxWait(time.Second))
		if err != nil && err != nats.ErrTimeout {
			log.Fatal(err)
		}
		for _, message := range messages {
			if err := message.Ack(); err != nil {
				log.Fatal(err)
			}
		}
	}
}

// A child ends when its standard input closes, and so with its parent.
func start(arguments ...string) func() {
	child := exec.Command(must(os.Executable()), arguments...)
	child.Stderr = os.Stderr
	lifeline := must(child.StdinPipe())
	if err := child.Start(); err != nil {
		log.Fatal(err)
	}
	return func() {
		lifeline.Close()
		_ = child.Wait()
	}
}

func freePort() int {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func cpuSeconds() float64 {
	total := 0.0
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var used syscall.Rusage
		_ = syscall.Getrusage(who, &used)
		total += time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
	}
	return total
}

// Runs `measure` against a fresh server with `workers` workers.
func with(storage string, workers int, measure func(nats.JetStreamContext)) {
	directory := must(os.MkdirTemp("", "slicebus-bench-nats-"))
	defer os.RemoveAll(directory)
	port := freePort()
	url := "nats://127.0.0.1:" + strconv.Itoa(port)
	stopServer := start("server", strconv.Itoa(port), directory)
	queue := connect(url)
	kind := nats.MemoryStorage
	if storage == "file" {
		kind = nats.FileStorage
	}
	must(queue.AddStream(&nats.StreamConfig{Name: stream, Subjects: []string{subject}, Storage: kind, Retention: nats.WorkQueuePolicy}))
	must(queue.AddConsumer(stream, &nats.ConsumerConfig{Durable: consumer, AckPolicy: nats.AckExplicitPolicy, MaxAckPending: inFlight}))
	var stops []func()
	for i := 0; i < workers; i++ {
		stops = append(stops, start("worker", url))
	}
	time.Sleep(500 * time.Millisecond) // they wait for messages
	measure(queue)
	for _, stop := range append(stops, stopServer) {
		stop()
	}
}

func waitUntilAcknowledged(queue nats.JetStreamContext, pause time.Duration) {
	for {
		info := must(queue.ConsumerInfo(stream, consumer))
		if info.NumPending == 0 && info.NumAckPending == 0 {
			return
		}
		time.Sleep(pause)
	}
}

func dispatch(slices, workers int, storage string) {
	var took time.Duration
	with(storage, workers, func(queue nats.JetStreamContext) {
		began := time.Now()
		for i := 0; i < slices; i++ {
			must(queue.PublishAsync(subject, []byte(fmt.Sprintf(`{"from":%d,"count":1}`, i)), nats.StallWait(time.Minute)))
		}
		<-queue.PublishAsyncComplete()
		waitUntilAcknowledged(queue, 10*time.Millisecond)
		took = time.Since(began)
	})
	print(map[string]any{"slices": slices, "seconds": took.Seconds(), "cpu_seconds": cpuSeconds()})
}

func latency(times int, storage string) {
	var ms []float64
	with(storage, 1, func(queue nats.JetStreamContext) {
		for i := 0; i < times; i++ {
			began := time.Now()
			must(queue.Publish(subject, []byte(`{"from":0,"count":1}`)))
			waitUntilAcknowledged(queue, 0)
			ms = append(ms, float64(time.Since(began).Microseconds())/1000)
		}
	})
	sort.Float64s(ms)
	print(map[string]any{"times": times, "p50_ms": ms[len(ms)/2], "p99_ms": ms[len(ms)*99/100]})
}

func print(result map[string]any) { fmt.Println(string(must(json.Marshal(result)))) }

func main() {
	usage := "usage: nats dispatch SLICES WORKERS memory|file, or nats latency TIMES memory|file"
	number := func(at int) int { return must(strconv.Atoi(os.Args[at])) }
	switch {
	case len(os.Args) == 4 && os.Args[1] == "server":
		serve(number(2), os.Args[3])
	case len(os.Args) == 3 && os.Args[1] == "worker":
		work(os.Args[2])
	case len(os.Args) == 5 && os.Args[1] == "dispatch":
		dispatch(number(2), number(3), os.Args[4])
	case len(os.Args) == 4 && os.Args[1] == "latency":
		latency(number(2), os.Args[3])
	default:
		log.Fatal(usage)
	}
}
