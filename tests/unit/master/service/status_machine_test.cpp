#include "master/service/status_machine.hpp"

using namespace slicebus::service;

namespace {

std::vector<Status> every_status() {
  std::vector<Status> all;
  for (std::size_t i = 0; i < status_count; ++i) {
    all.push_back(static_cast<Status>(i));
  }
  return all;
}
std::vector<StatusEvent> every_event() {
  std::vector<StatusEvent> all;
  for (std::size_t i = 0; i < status_event_count; ++i) {
    all.push_back(static_cast<StatusEvent>(i));
  }
  return all;
}

/// A row of R-api-104: the states, and the answer's status to start, stop, pause with and without a connected
/// controller, workers, recover, delete.
struct Row {
  std::vector<Status> states;
  int start, stop, pause_connected, pause_alone, workers, recover, remove;
};
using enum Status;
const std::vector<Row> table{
    {{pending, scheduling}, 409, 200, 500, 500, 200, 409, 409},
    {{initializing}, 409, 200, 200, 500, 200, 409, 409},
    {{recovering, running, failing, paused}, 409, 200, 200, 500, 200, 409, 409},
    {{stopping}, 409, 200, 409, 409, 200, 409, 409},
    {{completed, stopped, rejected, failed, terminated}, 200, 200, 404, 404, 404, 200, 200},
};

int http(Ruling ruling, bool connected) {
  switch (ruling) {
    case Ruling::proceed:
    case Ruling::already:
      return 200;
    case Ruling::conflict:
      return 409;
    case Ruling::not_active:
      return 404;
    case Ruling::not_available:
      return 500;
    case Ruling::if_connected:
      return connected ? 200 : 500;
  }
  return 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(status_machine)

BOOST_AUTO_TEST_CASE(every_command_answers_in_every_state_as_R_api_104_says) {
  std::size_t seen = 0;
  for (const Row& row : table) {
    for (const Status status : row.states) {
      ++seen;
      const std::string in(name_of(status));
      BOOST_TEST(http(ruling(Command::start, status), true) == row.start, in);
      BOOST_TEST(http(ruling(Command::stop, status), true) == row.stop, in);
      for (const Command command : {Command::pause, Command::resume}) {
        BOOST_TEST(http(ruling(command, status), true) == row.pause_connected, in);
        BOOST_TEST(http(ruling(command, status), false) == row.pause_alone, in);
      }
      BOOST_TEST(http(ruling(Command::change_workers, status), true) == row.workers, in);
      BOOST_TEST(http(ruling(Command::recover, status), true) == row.recover, in);
      BOOST_TEST(http(ruling(Command::remove, status), true) == row.remove, in);
    }
  }
  BOOST_TEST(seen == status_count, "every state stands in the table");
}

BOOST_AUTO_TEST_CASE(terminal_states_are_final) {
  for (const Status status : every_status()) {
    for (const StatusEvent event : every_event()) {
      BOOST_TEST((!is_terminal(status) || after(status, event) == status), name_of(status));
    }
  }
}

BOOST_AUTO_TEST_CASE(nothing_leads_back_to_the_init_states) {
  for (const Status status : every_status()) {
    for (const StatusEvent event : every_event()) {
      BOOST_TEST((is_init(status) || !is_init(after(status, event))), name_of(status));
    }
  }
}

BOOST_AUTO_TEST_CASE(stopping_ends_and_does_nothing_else) {
  for (const StatusEvent event : every_event()) {
    const Status then = after(stopping, event);
    BOOST_TEST((then == stopping || is_terminal(then)));
  }
}

BOOST_AUTO_TEST_CASE(only_a_resume_ends_a_pause) {
  BOOST_TEST((after(paused, StatusEvent::slices_run) == paused));
  BOOST_TEST((after(paused, StatusEvent::slices_fail) == paused));
  BOOST_TEST((after(paused, StatusEvent::was_resumed) == running));
}

BOOST_AUTO_TEST_CASE(the_usual_path_of_an_execution) {
  Status status = pending;
  for (const auto& [event, then] :
       std::vector<std::pair<StatusEvent, Status>>{{StatusEvent::placed, scheduling},
                                                   {StatusEvent::controller_open, initializing},
                                                   {StatusEvent::slices_recover, recovering},
                                                   {StatusEvent::slices_run, running},
                                                   {StatusEvent::slices_fail, failing},
                                                   {StatusEvent::ended_failed, failed}}) {
    status = after(status, event);
    BOOST_TEST((status == then), name_of(then));
  }
}

BOOST_AUTO_TEST_CASE(names_and_statuses_are_one_to_one) {
  std::set<std::string_view> names;
  for (const Status status : every_status()) {
    names.insert(name_of(status));
    BOOST_TEST((status_named(name_of(status)) == status));
  }
  BOOST_TEST(names.size() == status_count);
  BOOST_TEST(!status_named("asleep").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
