#include <algorithm>
#include <utility>

#include "common/overloaded.hpp"
#include "tests/sim/actors.hpp"

namespace slicebus::sim {

SimBroker::SimBroker(Cluster& cluster)
    : Process(cluster.world, "broker", "b"),
      cluster_(cluster),
      core_({.silence_limit = std::chrono::duration_cast<std::chrono::milliseconds>(silence_limit)}, id(),
            cluster.world.now),
      router_(cluster.network, *this, [this](const std::string& peer, const Letter& letter) { hear(peer, letter); }) {
  router_.listen(broker_endpoint);
  schedule();
}

void SimBroker::on_death(const std::string&) {
  router_.close();
  cluster_.restart_later([&cluster = cluster_] { cluster.world.make<SimBroker>(cluster); });
}

void SimBroker::hear(const std::string& peer, const Letter& letter) {
  const wire::Message& message = *letter.message;
  const bool is_beat = std::holds_alternative<wire::NodeBeat>(message) ||
                       std::holds_alternative<wire::ControllerBeat>(message) ||
                       std::holds_alternative<wire::MasterBeat>(message);
  if (is_beat || letter.to == "broker") {
    step(broker::Arrived{{peer}, message}, &letter);
  } else {
    step(broker::Passing{{peer}, letter.to}, &letter);
  }
}

void SimBroker::step(const broker::Event& event, const Letter* current) {
  const auto perform_all = [this](const broker::Actions& actions, const Letter* letter) {
    for (const broker::Action& action : actions) {
      std::visit(Overloaded{[&](const broker::Send& each) {
                              send(each.peer.text, {each.to, std::make_shared<const wire::Message>(each.message)});
                            },
                            [&](const broker::Forward& each) {
                              if (letter != nullptr) {
                                send(each.peer.text, *letter);
                              }
                            },
                            [&](const broker::Probe& each) {
                              const bool sent = router_.send(
                                  each.peer.text, {{}, std::make_shared<const wire::Message>(wire::BrokerBeat{})});
                              due_.push_back(sent ? broker::Event(broker::ProbePassed{each.node})
                                                  : broker::Event(broker::ProbeFailed{each.node}));
                            },
                            [&](const broker::News& news) {
                              if (news.kind != broker::News::Kind::nobody_there) {
                                world_.log(name() + " news: " + news.subject + " " + news.detail);
                              }
                            }},
                 action);
    }
  };
  perform_all(core_.step(event, world_.now), current);
  while (!due_.empty()) {
    const broker::Event next = std::move(due_.front());
    due_.pop_front();
    perform_all(core_.step(next, world_.now), nullptr);
  }
  schedule();
}

void SimBroker::send(const std::string& peer, Letter letter) {
  if (!router_.send(peer, std::move(letter))) {
    due_.emplace_back(broker::Unreachable{{peer}});
  }
}

void SimBroker::schedule() {
  after(std::max<Duration>(Duration{}, core_.next_deadline() - world_.now), [this, version = ++tick_version_] {
    if (version == tick_version_) {
      step(broker::Tick{}, nullptr);
    }
  });
}

}  // namespace slicebus::sim
