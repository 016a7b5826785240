#!/usr/bin/env python3
"""Writes docs/rest-api.md: asks a running cluster for its OpenAPI document, makes each call of it, and shows what came.

    ./slicebus local & docs/rest_api_page.py http://localhost:5678 > docs/rest-api.md

The cluster should be fresh: what the page shows is what is there. openapi_test checks that the page has every call.
"""
import json
import re
import sys
import time
import urllib.error
import urllib.request

BASE = sys.argv[1]
LINES_MAX = 24
GOOD = {"name": "words", "workers": 1, "operations": [{"_op": "test-reader"}, {"_op": "noop"}]}
LONG = {"name": "long", "workers": 1,
        "operations": [{"_op": "data_generator", "size": 100000, "slice_size": 1}, {"_op": "delay", "ms": 200}]}
WRONG = {"name": "wrong", "slicers": 0, "operations": [{"_op": "test-reader"}, {"_op": "nop"}]}
FAILING = {"name": "failing", "workers": 1, "max_retries": 0,
           "operations": [{"_op": "test-reader", "passthrough_slice": True}, {"_op": "noop"}]}


def ask(method, target, body=None, content_type="application/json"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(BASE + target, data=data, method=method,
                                     headers={"Content-Type": content_type} if data else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def submit(job, query=""):
    return json.loads(ask("POST", "/jobs" + query, job)[1])


def wait_for(ex_id, statuses):
    for _ in range(600):
        if json.loads(ask("GET", "/ex/" + ex_id)[1]).get("_status") in statuses:
            return
        time.sleep(0.1)
    sys.exit(f"{ex_id} does not become {statuses}")


def a_zip():
    import io
    import zipfile
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as bundle:
        bundle.writestr("asset.json", json.dumps({"name": "example", "version": "1.0.0"}))
    return out.getvalue()


def world():
    """A job in each state that the examples speak of."""
    done = submit(GOOD)
    wait_for(done["ex_id"], ["completed"])
    failed = submit(FAILING)
    wait_for(failed["ex_id"], ["failed", "completed"])
    live = submit(LONG)
    wait_for(live["ex_id"], ["running"])
    time.sleep(1.5)
    stored = submit(GOOD, "?start=false")
    return {"done": done, "failed": failed, "live": live, "stored": stored}


# What to ask for a call: (target, body). Without an entry: the path as it is. In this order where one call makes what
# the next one needs.
EXAMPLES = [
    ("GET /jobs", "/jobs?size=1&sort=_created:asc&ex=_status", None),
    ("GET /ex", "/ex?status=running&size=1", None),
    ("GET /ex/errors", "/ex/errors?size=1", None),
    ("GET /jobs/{job_id}/errors", "/jobs/{failed}/errors?size=1", None),
    ("GET /ex/{ex_id}/errors", "/ex/{failed.ex}/errors?size=1", None),
    ("GET /jobs/{job_id}/controller", "/jobs/{live}/controller", None),
    ("GET /jobs/{job_id}/slicer", "/jobs/{live}/slicer", None),
    ("GET /ex/{ex_id}/controller", "/ex/{live.ex}/controller", None),
    ("GET /ex/{ex_id}/slicer", "/ex/{live.ex}/slicer", None),
    ("GET /operations/{operation}", "/operations/delay", None),
    ("GET /txt/ex", "/txt/ex?fields=name,_status,ex_id", None),
    ("POST /jobs/_validate", "/jobs/_validate", WRONG),
    ("POST /jobs", "/jobs?start=false", GOOD),
    ("POST /assets", "/assets", b""),
    ("GET /assets/{asset}", "/assets/example", None),
    ("GET /assets/{asset}/{version}", "/assets/example/1.*", None),
    ("GET /txt/assets/{asset}", "/txt/assets/example", None),
    ("GET /txt/assets/{asset}/{version}", "/txt/assets/example/1.0.0", None),
    ("POST /jobs/{job_id}/_workers", "/jobs/{live}/_workers?total=2", None),
    ("POST /ex/{ex_id}/_workers", "/ex/{live.ex}/_workers?add=1", None),
    ("POST /jobs/{job_id}/_settings", "/jobs/{live}/_settings?log_level=debug", None),
    ("POST /jobs/{job_id}/_pause", "/jobs/{live}/_pause", None),
    ("POST /ex/{ex_id}/_pause", "/ex/{live.ex}/_pause", None),
    ("POST /jobs/{job_id}/_resume", "/jobs/{live}/_resume", None),
    ("POST /ex/{ex_id}/_resume", "/ex/{live.ex}/_resume", None),
    ("POST /jobs/{job_id}/_stop", "/jobs/{live}/_stop?timeout=5000", None),
    ("POST /ex/{ex_id}/_stop", "/ex/{live.ex}/_stop", None),
    ("POST /ex/{ex_id}/_recover", "/ex/{failed.ex}/_recover?cleanup_type=errors", None),
    ("POST /jobs/{job_id}/_recover", "/jobs/{done}/_recover", None),
    ("POST /jobs/{job_id}/_start", "/jobs/{stored}/_start", None),
    ("PUT /jobs/{job_id}", "/jobs/{done}", GOOD),
    ("POST /jobs/{job_id}/_inactive", "/jobs/{done}/_inactive", None),
    ("POST /jobs/{job_id}/_active", "/jobs/{done}/_active", None),
    ("DELETE /jobs/{job_id}", "/jobs/{done}", None),
    ("DELETE /assets/{asset}", "/assets/{asset_id}", None),
]


def run(document):
    made = world()
    names = {name: ids["job_id"] for name, ids in made.items()}
    names |= {name + ".ex": ids["ex_id"] for name, ids in made.items() if "ex_id" in ids}
    names |= {"job_id": names["done"], "ex_id": names["done.ex"]}
    calls = [f"{method.upper()} {path}" for path, item in document["paths"].items()
             for method in item if method != "servers"]
    told = dict((call, (target, body)) for call, target, body in EXAMPLES)
    order = [call for call in calls if call not in told] + [call for call, _, _ in EXAMPLES if call in calls]
    answers = {}
    for call in order:
        target, body = told.get(call, (call.split(" ", 1)[1], None))
        target = re.sub(r"\{([a-z._]+)\}", lambda match: names.get(match.group(1), match.group(0)), target)
        zipped = body == b""
        status, text = ask(call.split()[0], target, a_zip() if zipped else body,
                           "application/octet-stream" if zipped else "application/json")
        if call == "POST /assets":
            names["asset_id"] = json.loads(text).get("asset_id", "")
        if call.endswith("_recover") or call.endswith("_start"):
            wait_for(json.loads(text)["ex_id"], ["completed", "failed", "stopped"]) if status == 200 else None
        answers[call] = (target, body, status, text)
    return answers


def curl_line(call, target, body):
    words = ["curl", "-s"]
    method = call.split()[0]
    if method != "GET":
        words.append("-X" + method)
    words.append("'localhost:5678" + target + "'" if re.search(r"[?&*]", target) else "localhost:5678" + target)
    if body == b"":
        words.append("-H 'Content-Type: application/octet-stream' --data-binary @example.zip")
    elif body is not None:
        words.append("-d '" + json.dumps(body) + "'")
    return " ".join(words)


def shown(text):
    lines = text.rstrip("\n").split("\n")
    if len(lines) > LINES_MAX:
        lines = lines[:LINES_MAX] + ["…"]
    return "\n".join(lines)


def page(document, answers):
    out = ["# REST API", "",
           "Written by `docs/rest_api_page.py` from `GET /openapi.json` and a running cluster; the test `openapi_test` checks",
           "that each call is here. Long answers are cut at `…`.", "", document["info"]["description"], "",
           "Errors: `{\"error\": 404, \"message\": \"Could not find job x\"}`, with the same HTTP status.", ""]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method == "servers":
                continue
            call = f"{method.upper()} {path}"
            target, body, status, text = answers[call]
            out += [f"## {call}", "", operation["summary"], ""]
            parameters = [p for p in operation["parameters"] if p["in"] == "query"]
            if parameters:
                out += ["| query | default | meaning |", "|---|---|---|"]
                for parameter in parameters:
                    default = parameter["schema"].get("default")
                    default = "—" if default is None else f"`{json.dumps(default)}`" if not isinstance(default, str) else f"`{default}`"
                    out.append(f"| `{parameter['name']}` | {default} | {parameter['description'].replace('|', chr(92) + '|')} |")
                out.append("")
            refusals = [s for s in operation["responses"] if s not in ("200", "201", "400", "405", "408", "413", "500", "503")]
            if refusals:
                out += ["Refusals beside those of every call: " + ", ".join(sorted(refusals)) + ".", ""]
            out += ["```console", "$ " + curl_line(call, target, body), shown(text), "```", ""]
            if status >= 400:
                out.insert(-1, f"(HTTP status {status})")
    return "\n".join(out)


document = json.loads(ask("GET", "/openapi.json")[1])
sys.stdout.write(page(document, run(document)))
