// What a user of teraslice-client-js does, in the order of a job's life, against the cluster at SLICEBUS_URL. Each answer is checked,
// and its effect is checked beside it by a plain request. Run by node --test, behind teraslice_client_test.cpp.
'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const teraslice = require('teraslice-client-js')({ host: process.env.SLICEBUS_URL });

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const patience = 60000;

const plain = async (route) => (await fetch(process.env.SLICEBUS_URL + route)).json();
const execution = (exId) => plain(`/ex/${exId}`);

async function eventually(what, condition) {
    for (const end = Date.now() + patience; Date.now() < end;) {
        if (await condition()) return;
        await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
    assert.fail(`not within ${patience / 1000} s: ${what}`);
}

async function refusal(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    return assert.fail('an error was expected');
}

const output = (name) => path.join(process.env.SLICEBUS_OUTPUT, name);
const records = (name) => fs.readdirSync(output(name))
    .filter((file) => !file.startsWith('.'))
    .flatMap((file) => fs.readFileSync(path.join(output(name), file), 'utf8').trimEnd().split('\n'));

const slowJob = (name) => ({
    name,
    workers: 2,
    operations: [
        { _op: 'data_generator', size: 20000, slice_size: 100, seed: 7, set_id: 'hexadecimal' },
        { _op: 'delay', ms: 50 },
        { _op: 'file_exporter', path: output(name), format: 'ldjson' }
    ]
});

let job;
let exId;

before(() => fs.mkdirSync(process.env.SLICEBUS_OUTPUT, { recursive: true }));
// A test that failed in the middle leaves nothing running for the next.
after(async () => { if (job) await job.stop().catch(() => {}); });

test('cluster state, stats, slicers and the text tables of an idle cluster', async () => {
    const state = await teraslice.cluster.state();
    const nodes = Object.values(state);
    assert.ok(nodes.every((node) => node.state === 'connected'));
    assert.ok(nodes.some((node) => node.active.some(({ assignment }) => assignment === 'cluster_master')));
    const stats = await teraslice.cluster.stats();
    for (const counter of ['processed', 'failed', 'queued', 'job_duration', 'workers_joined', 'workers_disconnected', 'workers_reconnected']) {
        assert.equal(typeof stats.controllers[counter], 'number', counter);
    }
    assert.deepEqual(stats.slicer, stats.controllers);
    assert.deepEqual(await teraslice.cluster.slicers(), []);
    assert.match(await teraslice.cluster.txt('nodes'), /^node_id +state +hostname +total +active +pid +teraslice_version +node_version *\n-/);
    for (const table of ['assets', 'slicers', 'ex', 'jobs', 'workers']) {
        assert.match(await teraslice.cluster.txt(table), /^[a-z_]+ .*\n[- ]+\n/, table);
    }
});

test('a job that is submitted without a start is stored and has no execution', async () => {
    const wanted = slowJob('stored');
    const stored = await teraslice.jobs.submit(wanted, true);
    assert.match(stored.id(), uuid);
    const spec = await stored.spec();
    assert.deepEqual({ ...spec, ...wanted }, spec);
    const error = await refusal(stored.status());
    assert.equal(error.code, 404);
    assert.match(error.message, /No execution was found for job/);
    const begun = await stored.start();
    assert.equal(begun.job_id, stored.id());
    assert.match(begun.ex_id, uuid);
    assert.deepEqual(await stored.stop(), { status: 'stopped' });
});

test('a submitted job runs on the workers that it asked for', async () => {
    job = await teraslice.jobs.submit(slowJob('driven'));
    assert.equal(await job.waitForStatus('running', 100, patience), 'running');
    exId = await job.ex();
    assert.match(exId, uuid);
    await eventually('two workers', async () => (await job.workers()).length === 2);
    const [worker] = await job.workers();
    assert.equal(worker.ex_id, exId);
    assert.ok(worker.pid > 0 && worker.worker_id > 0 && worker.node_id);
    await eventually('some slices are processed', async () => (await job.slicer())[0].processed > 4);
    const [slicer] = await job.slicer();
    assert.equal(slicer.ex_id, exId);
    assert.equal(slicer.name, 'driven');
    assert.equal((await teraslice.cluster.slicers())[0].ex_id, exId);
});

test('changeWorkers adds, removes and sets', async () => {
    assert.deepEqual(await job.changeWorkers('add', 1), { message: `1 workers have been enqueued for execution: ${exId}` });
    await eventually('three workers', async () => (await job.workers()).length === 3);
    assert.deepEqual(await job.changeWorkers('remove', 2), { message: `2 workers have been remove for execution: ${exId}` });
    assert.equal((await job.workers()).length, 1, 'remove answers when the processes are gone');
    assert.deepEqual(await job.changeWorkers('total', 2), { message: `1 workers have been enqueued for execution: ${exId}` });
    await eventually('two workers again', async () => (await job.workers()).length === 2);
    assert.deepEqual(await job.changeWorkers('total', 2), { message: `2 workers have been set for execution: ${exId}` });
    const error = await refusal(job.changeWorkers('remove', 5));
    assert.equal(error.code, 400);
    assert.match(error.message, /workers to be removed: 5 cannot be >= to current workers: 2/);
});

test('a paused job gives out nothing until it is resumed', async () => {
    assert.deepEqual(await job.pause(), { status: 'paused' });
    assert.equal(await job.status(), 'paused');
    await eventually('running slices are finished', async () => (await job.slicer())[0].workers_active === 0);
    const { processed } = (await job.slicer())[0];
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
    assert.equal((await job.slicer())[0].processed, processed);
    assert.deepEqual(await job.resume(), { status: 'running' });
    await eventually('slices go on', async () => (await job.slicer())[0].processed > processed);
});

test('a stopped job is recovered to its end without a lost or doubled record', async () => {
    assert.deepEqual(await job.stop(), { status: 'stopped' });
    assert.equal(await job.status(), 'stopped');
    assert.ok(records('driven').length < 20000);
    const error = await refusal(job.slicer());
    assert.equal(error.code, 404);
    assert.match(error.message, /Could not find active slicer for ex_id/);
    assert.match((await refusal(job.pause())).message, /no active execution context was found for ex_id/);

    const recovered = await job.recover();
    assert.equal(recovered.job_id, job.id());
    assert.notEqual(recovered.ex_id, exId);
    assert.equal((await execution(recovered.ex_id)).recovered_execution, exId);
    assert.equal(await job.waitForStatus('completed', 100, patience), 'completed');
    const written = records('driven');
    assert.equal(written.length, 20000);
    assert.equal(new Set(written).size, 20000);
    assert.deepEqual(await job.errors(), []);
});

test('the slices that failed are told with their reasons', async () => {
    fs.writeFileSync(output('broken.ldjson'), '{"good": 1}\nthis is no JSON\n{"good": 2}\n');
    const failing = await teraslice.jobs.submit({
        name: 'failing',
        workers: 1,
        max_retries: 0,
        operations: [
            { _op: 'file_reader', path: output('broken.ldjson'), format: 'ldjson', size: 1000 },
            { _op: 'noop' }
        ]
    });
    assert.equal(await failing.waitForStatus('failed', 100, patience), 'failed');
    const errors = await failing.errors();
    assert.equal(errors.length, 1);
    const [record] = errors;
    assert.equal(record.ex_id, await failing.ex());
    assert.equal(record.state, 'error');
    assert.match(record.error, /JSON/i);
    assert.equal(typeof JSON.parse(record.request), 'object');
    const error = await refusal(failing.waitForStatus('completed', 100, patience));
    assert.match(error.message, /cannot reach the target status, "completed", because it is in the terminal state, "failed"/);
});

test('assets are posted, listed and deleted', async () => {
    fs.writeFileSync(output('asset.json'), JSON.stringify({ name: 'driven-asset', version: '1.2.3', description: 'of a test' }));
    execFileSync('python3', ['-m', 'zipfile', '-c', output('asset.zip'), output('asset.json')]);
    const { asset_id: id } = await teraslice.assets.post(fs.readFileSync(output('asset.zip')), true);
    assert.match(id, /^[0-9a-f]{40}$/);
    const [listed] = await teraslice.assets.get('/assets/driven-asset');
    assert.equal(listed.id, id);
    assert.equal(listed.version, '1.2.3');
    assert.match(await teraslice.cluster.txt('assets'), /driven-asset +1\.2\.3/);
    assert.deepEqual(await teraslice.assets.delete(id, true), { asset_id: id });
    assert.deepEqual(await plain('/assets/driven-asset'), []);
    const error = await refusal(teraslice.assets.delete(id));
    assert.match(error.message, /Unable to find asset/);
});

test('executions are listed, all of them and by status', async () => {
    const all = await teraslice.jobs.list();
    assert.ok(all.length >= 4, `${all.length} executions`);
    const completed = await teraslice.jobs.list('completed');
    assert.ok(completed.length >= 1);
    assert.ok(completed.every(({ _status: status }) => status === 'completed'));
    assert.deepEqual(await teraslice.jobs.list({ status: 'terminated' }), []);
});

test('what is refused says why', async () => {
    const error = await refusal(teraslice.jobs.submit({ name: 'empty' }));
    assert.equal(error.code, 400);
    assert.equal(error.message, 'No job was posted');
    const unknown = await refusal(teraslice.jobs.wrap('no-such-job').spec());
    assert.equal(unknown.code, 404);
});
