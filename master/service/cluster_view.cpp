#include "master/service/cluster_view.hpp"

#include <nlohmann/json.hpp>

#include "common/version.hpp"

namespace slicebus::service {
namespace {

Json node(const std::string& id, const std::string& hostname, std::uint32_t pid, const std::string& build,
          std::size_t total, bool connected, std::size_t available, Json active) {
  return {{"node_id", id},
          {"hostname", hostname},
          {"pid", pid},
          {"node_version", node_version},
          {"teraslice_version", teraslice_version},
          {"version", build},
          {"total", total},
          {"state", connected ? "connected" : "disconnected"},
          {"available", available},
          {"active", std::move(active)}};
}

Json process(std::uint32_t worker_id, const char* assignment, std::uint32_t pid) {
  return {{"worker_id", worker_id}, {"assignment", assignment}, {"pid", pid}};
}

}  // namespace

void ClusterView::on(const scheduler::ClusterChanged& changed) {
  for (const wire::NodeEntry& entry : changed.nodes) {
    nodes_[entry.beat.node] = entry;
  }
  for (const NodeId& removed : changed.removed) {
    nodes_.erase(removed);
  }
}

Document ClusterView::state() const {
  Json state = Json::object();
  Json own = Json::array();
  own.push_back(process(1, "cluster_master", master_.pid));
  own.push_back(process(2, "assets_service", master_.pid));
  for (const scheduler::ControllerProcess& controller : controllers_) {
    Json entry = process(static_cast<std::uint32_t>(own.size() + 1), "execution_controller", controller.pid);
    entry["ex_id"] = controller.ex_id.text;
    entry["job_id"] = controller.job_id.text;
    own.push_back(std::move(entry));
  }
  const std::size_t runs = own.size();
  const std::string id = master_.host + ".master";
  state[id] = node(id, master_.hostname, master_.pid, version, runs, true, 0, std::move(own));
  for (const auto& [node_id, entry] : nodes_) {
    Json active = Json::array();
    for (const wire::SlotState& slot : entry.beat.slots) {
      Json shown = process(slot.worker_id, "worker", slot.pid);
      shown["ex_id"] = slot.ex_id.text;
      shown["job_id"] = slot.job_id.text;
      for (const AssetId& asset : slot.assets) {
        shown["assets"].push_back(asset.text);
      }
      active.push_back(std::move(shown));
    }
    const std::size_t total = entry.beat.slots_total;
    const std::size_t available = entry.connected && total > active.size() ? total - active.size() : 0;
    state[node_id.text] = node(node_id.text, entry.beat.hostname, entry.beat.pid, entry.beat.version, total,
                               entry.connected, available, std::move(active));
  }
  return Document(std::move(state));
}

Document ClusterView::stats() const {
  const Json totals = totals_.json();
  return Document(Json{{"controllers", totals}, {"slicer", totals}});
}

std::vector<Document> ClusterView::processes() const {
  std::vector<Document> rows;
  const Document all = state();
  for (const auto& [id, node] : all.json().items()) {
    if (node.at("state") != "connected") {
      continue;
    }
    for (const Json& process : node.at("active")) {
      Json row = process;
      row["node_id"] = id;
      row["hostname"] = node.at("hostname");
      rows.emplace_back(std::move(row));
    }
  }
  return rows;
}

std::vector<Document> ClusterView::nodes() const {
  std::vector<Document> rows;
  Document all = state();
  for (const auto& [id, node] : all.json().items()) {
    node["active"] = node.at("active").size();
    rows.emplace_back(node);
  }
  return rows;
}

}  // namespace slicebus::service
