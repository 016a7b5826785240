#include "common/log/log.hpp"
#include "worker/pipeline/pipeline.hpp"
#include "worker/slot/workbench.hpp"

namespace slicebus::slot {

namespace {

class Publisher {
 public:
  Publisher(bus::Pipe<FromPublisher, ToPublisher> pipe, LineageId lineage)
      : pipe_(std::move(pipe)), lineage_(std::move(lineage)) {
    poll_.watch(pipe_.native());
  }

  void work() {
    while (true) {
      poll_.wait(std::nullopt);
      while (auto order = pipe_.receive()) {
        if (std::holds_alternative<Close>(*order)) {
          return;
        }
        std::visit([this](auto& some) { carry_out(some); }, *order);
      }
    }
  }

 private:
  void carry_out(BuildPipeline& order) {
    auto senders = pipeline::build_senders(order.execution);
    if (!senders) {
      unbuilt_ = senders.error().text();
      return;
    }
    outlet_.emplace(lineage_, std::move(*senders));
  }

  void carry_out(PublishOutput& order) {
    OutputPublished published;
    PublishFailed failed;
    for (const wire::SliceCopy& copy : order.copies) {
      Result<void> done = outlet_ ? outlet_->publish(copy) : fail(Errc::unavailable, "publish", unbuilt_);
      if (done) {
        published.copies.push_back(copy);
        continue;
      }
      failed.copies.push_back(copy);
      failed.reason = done.error().text();
    }
    if (!published.copies.empty()) {
      pipe_.send(std::move(published));
    }
    if (!failed.copies.empty()) {
      log::warn("output_not_published", {{"slices", failed.copies.size()}, {"cause", failed.reason}});
      pipe_.send(std::move(failed));
    }
  }

  void carry_out(DropOutput& order) {
    for (const wire::SliceCopy& copy : order.copies) {
      if (outlet_) {
        outlet_->drop(copy);
      }
    }
  }

  void carry_out(Close& /*order*/) {}  // ended work()

  bus::Pipe<FromPublisher, ToPublisher> pipe_;
  LineageId lineage_;
  bus::Poll poll_;
  std::optional<pipeline::Outlet> outlet_;
  std::string unbuilt_ = "the slot does not know its execution yet";
};

}  // namespace

PublisherActor::PublisherActor(bus::Context& context, LineageId lineage)
    : PublisherActor(bus::make_pipe<ToPublisher, FromPublisher>(context), std::move(lineage)) {}

PublisherActor::PublisherActor(
    std::pair<bus::Pipe<ToPublisher, FromPublisher>, bus::Pipe<FromPublisher, ToPublisher>> ends, LineageId lineage)
    : pipe_(std::move(ends.first)), thread_([end = std::move(ends.second), lineage = std::move(lineage)]() mutable {
        Publisher(std::move(end), std::move(lineage)).work();
      }) {}

PublisherActor::~PublisherActor() {
  pipe_.send(Close{});
  thread_.join();
}

}  // namespace slicebus::slot
