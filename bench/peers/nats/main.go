// NATS JetStream on the work of W1, W3 and W5: a work queue of messages, each acknowledged by one of the workers. Server,
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
	"path/filepath"
	"sort"
	"strconv"
	"strings"
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
	// Of slices that take a while: one runs and one is there already. What a worker took with it comes again after ackWait.
	fetchSlow = 2
	ackWait   = time.Second
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

// Each message takes `pause` and then appends itself to `effects`, if there is a name.
func work(url string, pause time.Duration, effects string) {
	atOnce := fetch
	var file *os.File
	if effects != "" {
		atOnce = fetchSlow
		file = must(os.OpenFile(effects, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600))
	}
	go func() {
		untilStdinCloses()
		os.Exit(0)
	}()
	queue := must(connect(url).PullSubscribe(subject, consumer, nats.Bind(stream, consumer)))
	for {
		messages, err := queue.Fetch(atOnce, nats.MaxWait(time.Second))
		if err != nil && err != nats.ErrTimeout {
			log.Fatal(err)
		}
		for _, message := range messages {
			if file != nil {
				time.Sleep(pause)
				must(file.WriteString(string(message.Data) + "\n"))
			}
			if err := message.Ack(); err != nil {
				log.Fatal(err)
			}
		}
	}
}

type process struct {
	command  *exec.Cmd
	lifeline io.WriteCloser
}

// A child ends when its standard input closes, and so with its parent.
func start(arguments ...string) *process {
	child := exec.Command(must(os.Executable()), arguments...)
	child.Stderr = os.Stderr
	lifeline := must(child.StdinPipe())
	if err := child.Start(); err != nil {
		log.Fatal(err)
	}
	return &process{child, lifeline}
}

func (p *process) stop() {
	p.lifeline.Close()
	_ = p.command.Wait()
}

// Kills it and starts another one in its place, at once.
func (p *process) replace() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	*p = *start(p.command.Args[1:]...)
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

// Runs `measure` against a fresh server with `workers` workers, which are told `work`.
func with(workers int, work []string, measure func(nats.JetStreamContext, []*process)) {
	directory := must(os.MkdirTemp("", "slicebus-bench-nats-"))
	defer os.RemoveAll(directory)
	port := freePort()
	url := "nats://127.0.0.1:" + strconv.Itoa(port)
	running := start(os.Args[1], "server", strconv.Itoa(port), directory)
	queue := connect(url)
	kind := nats.MemoryStorage
	if os.Args[1] == "file" {
		kind = nats.FileStorage
	}
	must(queue.AddStream(&nats.StreamConfig{Name: stream, Subjects: []string{subject}, Storage: kind, Retention: nats.WorkQueuePolicy}))
	must(queue.AddConsumer(stream, &nats.ConsumerConfig{Durable: consumer, AckPolicy: nats.AckExplicitPolicy, MaxAckPending: inFlight, AckWait: ackWait}))
	var started []*process
	for i := 0; i < workers; i++ {
		started = append(started, start(append([]string{os.Args[1], "worker", url}, work...)...))
	}
	time.Sleep(500 * time.Millisecond) // they wait for messages
	measure(queue, started)
	for _, each := range append(started, running) {
		each.stop()
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

func publish(queue nats.JetStreamContext, slices int) {
	for i := 0; i < slices; i++ {
		must(queue.PublishAsync(subject, []byte(fmt.Sprintf(`{"from":%d,"count":1}`, i)), nats.StallWait(time.Minute)))
	}
	<-queue.PublishAsyncComplete()
}

func dispatch(slices, workers int) {
	var took time.Duration
	with(workers, nil, func(queue nats.JetStreamContext, _ []*process) {
		began := time.Now()
		publish(queue, slices)
		waitUntilAcknowledged(queue, 10*time.Millisecond)
		took = time.Since(began)
	})
	print(map[string]any{"slices": slices, "seconds": took.Seconds(), "cpu_seconds": cpuSeconds()})
}

func latency(times int) {
	var ms []float64
	with(1, nil, func(queue nats.JetStreamContext, _ []*process) {
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

// Slices that take `ms` each; with `kills` one of the workers dies halfway.
func faults(slices, workers, ms int, kills bool) {
	directory := must(os.MkdirTemp("", "slicebus-bench-nats-"))
	defer os.RemoveAll(directory)
	effects := filepath.Join(directory, "effects")
	pause := time.Duration(ms) * time.Millisecond
	var took time.Duration
	with(workers, []string{pause.String(), effects}, func(queue nats.JetStreamContext, started []*process) {
		began := time.Now()
		publish(queue, slices)
		if kills {
			time.Sleep(time.Until(began.Add(pause * time.Duration(slices/workers/2))))
			started[0].replace()
		}
		waitUntilAcknowledged(queue, 5*time.Millisecond)
		took = time.Since(began)
	})
	counts := map[string]int{}
	lines := strings.Fields(string(must(os.ReadFile(effects))))
	for _, line := range lines {
		counts[line]++
	}
	print(map[string]any{"seconds": took.Seconds(), "lost": slices - len(counts), "doubled": len(lines) - len(counts)})
}

// Server and workers that have nothing to do, until standard input closes.
func idle(workers int) {
	with(workers, nil, func(nats.JetStreamContext, []*process) {
		fmt.Println("ready")
		untilStdinCloses()
	})
}

func print(result map[string]any) { fmt.Println(string(must(json.Marshal(result)))) }

func main() {
	number := func(at int) int { return must(strconv.Atoi(os.Args[at])) }
	command := ""
	if len(os.Args) > 2 {
		command = os.Args[2]
	}
	switch {
	case command == "server" && len(os.Args) == 5:
		serve(number(3), os.Args[4])
	case command == "worker" && len(os.Args) == 4:
		work(os.Args[3], 0, "")
	case command == "worker" && len(os.Args) == 6:
		work(os.Args[3], must(time.ParseDuration(os.Args[4])), os.Args[5])
	case command == "dispatch" && len(os.Args) == 5:
		dispatch(number(3), number(4))
	case command == "latency" && len(os.Args) == 4:
		latency(number(3))
	case command == "faults" && len(os.Args) == 7:
		faults(number(3), number(4), number(5), number(6) != 0)
	case command == "idle" && len(os.Args) == 4:
		idle(number(3))
	default:
		log.Fatal("usage: nats memory|file dispatch SLICES WORKERS | latency TIMES | faults SLICES WORKERS MS KILLS | idle WORKERS")
	}
}
