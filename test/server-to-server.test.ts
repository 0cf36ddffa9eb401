import { type NetConnection, NetStream, SharedObject } from "@millrace/client";
import { MediaMessage } from "@millrace/core/flv";
import { afterEach, describe, expect, it } from "vitest";
import {
	closeServers,
	isGapless,
	sleep,
	TestServer,
	TestStreamPublisher,
	testFolder,
	until,
} from "./server-fixture.ts";

/** Applications that bring streams from and to other servers, over the wire. */

afterEach(closeServers);

/** Publishes whatever is published on the server whose address is the first argument of the first client. */
const PUSHING = `
import { defineApplication } from "millrace/app";
const pushes = new Map();
export default defineApplication({
	onConnect(client, address) { if (address !== undefined) client.app.state.address = address; },
	state: () => ({ address: undefined }),
	methods: {
		push({ app }, stream, name, options) {
			const push = app.streams.get(stream).publishTo(app.state.address, name, options);
			push.onStatus = ({ code }) => app.log.info(code);
			pushes.set(stream, push);
		},
		end(client, stream) { pushes.get(stream).close(); },
		letGo({ app }, stream) { app.streams.get(stream).close(); },
	},
});
`;

/** Calls a method of whoever comes. */
const CALLING = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	onConnected: client => client.call("whoAreYou").catch(() => {}),
});
`;

/** Plays what it is told into streams of its own. */
const PULLING = `
import { defineApplication } from "millrace/app";
export default defineApplication({
	methods: {
		pull({ app }, stream, name, options) {
			const own = app.streams.get(stream);
			own.onStatus = ({ code, details }) => app.log.info(code + " " + details);
			own.play(name, options);
		},
		stop({ app }, stream) { app.streams.get(stream).stop(); },
	},
});
`;

function hex(bytes: Uint8Array): string {
	return Buffer.from(bytes).toString("hex");
}

/** What comes before the first frame, but for what servers say to players. */
function heads(got: readonly string[]): string[] {
	const names = got.map(name => name.replace(/@.*/, "")).filter(name => !name.startsWith("|"));
	return names
		.slice(
			0,
			names.findIndex(name => /^[KPA]/.test(name)),
		)
		.toSorted();
}

describe("publishing on another server", { timeout: 60_000 }, () => {
	it("carries all of a live stream for as long as it is published here, with its data for those who join late", async () => {
		const there = await new TestServer().start();
		const here = await new TestServer().write("relay", PUSHING).start();
		const control = await here.connect("relay", there.url("live"));
		const publisher = await here.publish("cam", "relay");
		await until(() => publisher.next > 15);
		const player = await there.play("copy");
		await control.callAsync("push", "cam", "copy");
		await player.more(40);
		const { got, pictures } = player;
		expect(heads(got)).toEqual(["a0", "onMetaData", "v0"]);
		// From the last keyframe on.
		expect(pictures[0]! % 10).toBe(0);
		expect(isGapless(pictures)).toBe(true);
		expect(got.some(name => name.startsWith("onCue"))).toBe(true);
		const late = await there.play("copy");
		await late.more(1);
		expect(late.got).toContainEqual(expect.stringContaining("onMetaData"));
		publisher.stop();
		await until(() => player.codes.includes("Play.UnpublishNotify"));
		await here.publish("cam", "relay");
		await until(() => player.codes.filter(code => code === "Play.PublishNotify").length === 2);
		await player.more(5);
		await control.callAsync("end", "cam");
		await until(() => player.codes.filter(code => code === "Play.UnpublishNotify").length === 2);
		expect(here.lines).toContain("NetStream.Publish.Start");
	});

	it("comes back after the other server was away, and after its name was taken", async () => {
		const there = await new TestServer({ publish: { duplicate: "refuse" } }).start();
		const here = await new TestServer().write("relay", PUSHING).start();
		const control = await here.connect("relay", there.url("live"));
		await here.publish("cam", "relay");
		const other = await there.publish("copy");
		await control.callAsync("push", "cam", "copy", { maxWaitMillis: 100 });
		await until(() => here.lines.includes("NetStream.Publish.BadName"));
		other.stop();
		await until(() => here.lines.includes("NetStream.Publish.Start"));
		await there.stop();
		await until(() => here.lines.includes("NetConnection.Connect.Closed"));
		await until(() => here.lines.includes("NetConnection.Connect.Failed"));
		await there.start();
		const player = await there.play("copy");
		await player.more(10);
		expect(isGapless(player.pictures)).toBe(true);
		await control.callAsync("letGo", "cam");
		await until(() => player.codes.includes("Play.UnpublishNotify"));
	});

	it("logs what the other server calls and nobody has, without the key that stands in its address", async () => {
		const there = await new TestServer().write("studio", CALLING).start();
		const here = await new TestServer().write("relay", PUSHING).start();
		const control = await here.connect("relay", `${there.url("studio")}?key=hush`);
		await here.publish("cam", "relay");
		await control.callAsync("push", "cam", "copy");
		const faults = () => here.log.filter(({ event }) => event === "fault").map(({ fields }) => fields);
		await until(() => faults().length > 0);
		const text = "Error #2095: NetConnection was unable to invoke callback whoAreYou.";
		expect(faults()).toEqual([{ address: there.url("studio"), text }]);
	});

	it("carries codecs of Enhanced RTMP and data in AMF3 as they are", async () => {
		const there = await new TestServer().start();
		const here = await new TestServer().write("relay", PUSHING).start();
		const control = await here.connect("relay", there.url("live"));
		await control.callAsync("push", "cam", "copy");
		const received: string[] = [];
		const player = new NetStream(await there.connect("live"));
		player.onMedia = ({ payload }) => received.push(hex(payload));
		player.play("copy", -1);
		const publisher = new NetStream(await here.connect("relay"));
		await publisher.publishAsync("cam");
		const hvc1 = [0x68, 0x76, 0x63, 0x31];
		const sent: [type: 8 | 9 | 15, payload: number[]][] = [
			[9, [0x90, ...hvc1, 1, 2, 3]],
			[9, [0x91, ...hvc1, 0, 0, 0, 4, 5, 6]],
			[8, [0x91, 0x4f, 0x70, 0x75, 0x73, 7, 8]],
			// "f" and 1, in AMF3 behind the format selector.
			[15, [0, 2, 0, 1, 0x66, 0x11, 4, 1]],
		];
		let time = 0;
		// A stream that is joined late begins with its last keyframe.
		while (!sent.every(([, payload]) => received.includes(hex(Uint8Array.from(payload))))) {
			for (const [type, payload] of sent) publisher.sendMedia(new MediaMessage(type, time, Uint8Array.from(payload)));
			time += 20;
			await sleep(20);
		}
	});

	it("tells what is wrong with an address, and of an application without a network", async () => {
		const here = await new TestServer().write("relay", PUSHING).start();
		await here.publish("cam", "relay");
		const control = await here.connect("relay", "gopher://nowhere");
		await control.callAsync("push", "cam", "copy");
		await until(() => here.lines.includes("NetConnection.Connect.Failed"));
		const without = await new TestServer({ code: { network: false } }).write("relay", PUSHING).start();
		const controlOfThat = await without.connect("relay", here.url("live"));
		await controlOfThat.callAsync("push", "cam", "copy");
		await until(() => without.lines.includes("NetConnection.Connect.Failed"));
	});
});

describe("playing from another server", { timeout: 60_000 }, () => {
	it("plays what is live there as a live stream here, ends and returns with it, and after the server was away", async () => {
		const there = await new TestServer().start();
		const here = await new TestServer().write("relay", PULLING).start();
		const control = await here.connect("relay");
		await control.callAsync("pull", "mine", "cam", { from: there.url("live"), maxWaitMillis: 100 });
		const player = await here.play("mine", "relay");
		const first = await there.publish("cam");
		await player.more(30);
		expect(heads(player.got)).toEqual(["a0", "onMetaData", "v0"]);
		expect(isGapless(player.pictures)).toBe(true);
		expect(player.got.some(name => name.startsWith("onCue"))).toBe(true);
		expect(player.got.some(name => name.startsWith("|RtmpSampleAccess@"))).toBe(true);
		first.stop();
		await until(() => player.codes.includes("Play.UnpublishNotify"));
		await there.publish("cam");
		await player.more(10);
		await there.stop();
		await until(() => here.lines.includes("NetConnection.Connect.Closed cam"));
		await there.start();
		await there.publish("cam");
		await player.more(10);
		await control.callAsync("stop", "mine");
		await until(() => player.codes.filter(code => code === "Play.UnpublishNotify").length >= 2);
		expect(here.lines).toContain("NetStream.Play.PublishNotify cam");
	});

	it("goes on behind what has come of a file when the connection was lost, to the file's end", async () => {
		const there = await new TestServer().start();
		const recording = new NetStream(await there.connect("live"));
		await recording.publishAsync("film", "record");
		const publisher = new TestStreamPublisher(recording);
		await until(() => publisher.next > 60);
		publisher.stop();
		await until(() => there.log.some(({ event }) => event === "recorded"));
		const here = await new TestServer().write("relay", PULLING).start();
		const control = await here.connect("relay");
		const player = await here.play("mine", "relay");
		await control.callAsync("pull", "mine", "film", { from: there.url("live"), start: 0, maxWaitMillis: 100 });
		await until(() => player.pictures.length > 5);
		await there.stop();
		await until(() => here.lines.includes("NetConnection.Connect.Closed film"));
		const had = player.pictures.length;
		await there.start();
		await until(() => here.lines.includes("NetStream.Play.Complete mine"));
		await until(() => player.pictures.at(-1)! > 55);
		// From the keyframe before on, which is at most ten pictures back.
		expect(player.pictures[0]).toBe(0);
		expect(player.pictures.slice(had).every(id => id > player.pictures[had - 1]! - 11)).toBe(true);
	});

	it("is one item of a playlist: the next one plays where a server does not answer, or has no such file", async () => {
		const there = await new TestServer().start();
		const here = await new TestServer().write("relay", PULLING).start();
		await there.publish("cam");
		const control = await here.connect("relay");
		const player = await here.play("mine", "relay");
		await control.callAsync("pull", "mine", "gone", { from: "rtmp://127.0.0.1:9/live", maxWaitMillis: 100 });
		await control.callAsync("pull", "mine", "nofile", { from: there.url("live"), start: 0, reset: false });
		await control.callAsync("pull", "mine", "cam", { from: there.url("live"), reset: false });
		await player.more(10);
		expect(isGapless(player.pictures)).toBe(true);
		expect(here.lines.filter(line => !line.includes("Connect"))).toEqual([
			...["NetStream.Play.Reset gone", "NetStream.Play.Start gone"],
			...["NetStream.Play.Switch nofile", "NetStream.Play.Start nofile", "NetStream.Play.StreamNotFound nofile"],
			...["NetStream.Play.Switch cam", "NetStream.Play.Start cam", "NetStream.Publish.Start mine"],
		]);
	});
});

/** Hands calls on to an application of another server, and to clients. */
const HANDING = `
import { defineApplication } from "millrace/app";
import { NetConnection } from "millrace/client";
let nc;
export default defineApplication({
	methods: {
		async join({ app }, address) {
			nc = new NetConnection();
			nc.client = { greet: name => "hello " + name };
			await nc.connectAsync(address, "a relay");
			app.registerProxy("add", nc, "sum");
			app.registerProxy("note", nc);
			app.registerProxy("fail", nc);
			return nc.callAsync("whoAreYou");
		},
		serve: client => client.app.registerProxy("ask", client, "answer"),
		leave: ({ app }) => [app.registerProxy("add", null), app.registerProxy("add", null)],
		add: () => "my own",
	},
});
`;

const TAKING = `
import { defineApplication, reject } from "millrace/app";
export default defineApplication({
	methods: {
		sum: (client, a, b) => a + b,
		note({ app }, text) { app.log.info(text); },
		fail: () => reject("No.", { why: 7 }),
		whoAreYou: client => client.call("greet", client.args[0]),
	},
});
`;

describe("calls that are handed on", { timeout: 60_000 }, () => {
	it("go to another server by a connection of the application's own, and its answers come back", async () => {
		const there = await new TestServer().write("taking", TAKING).start();
		const here = await new TestServer().write("handing", HANDING).start();
		const client = await here.connect("handing");
		expect(await client.callAsync("add", 1, 2)).toBe("my own");
		expect(await client.callAsync("join", there.url("taking"))).toBe("hello a relay");
		expect(await client.callAsync("add", 1, 2)).toBe(3);
		client.call("note", null, "noted");
		await until(() => there.lines.includes("noted"));
		await expect(client.callAsync("fail")).rejects.toMatchObject({
			info: { code: "NetConnection.Call.Failed", description: "No.", application: { why: 7 } },
		});
		await there.stop();
		await expect(client.callAsync("add", 1, 2)).rejects.toMatchObject({ info: { code: "NetConnection.Call.Failed" } });
		expect(await client.callAsync("leave")).toEqual([true, false]);
		expect(await client.callAsync("add", 1, 2)).toBe("my own");
	});

	it("go to a client, and fail when it has gone", async () => {
		const here = await new TestServer().write("handing", HANDING).start();
		const [asking, answering] = [await here.connect("handing"), await here.connect("handing")];
		answering.client = { answer: (question: string) => `${question}? Yes.` };
		expect(await answering.callAsync("serve")).toBe(true);
		expect(await asking.callAsync("ask", "Now")).toBe("Now? Yes.");
		answering.close();
		await expect(asking.callAsync("ask", "And now")).rejects.toMatchObject({
			info: { code: "NetConnection.Call.Failed" },
		});
	});
});

/** Makes an object of another server its own clients'. */
const SHARING = `
import { defineApplication } from "millrace/app";
import { NetConnection } from "millrace/client";
let board;
export default defineApplication({
	methods: {
		async join({ app }, address, ownConnection) {
			let from = address;
			if (ownConnection) {
				from = new NetConnection({ reconnect: { maxAttempts: 0, maxWaitMillis: 100 } });
				await from.connectAsync(address);
			}
			board = app.sharedObjects.proxy("near/board", { from, remoteName: "board" });
			board.onSync = list => app.log.info(list.map(({ code, name }) => code + " " + name).join(", "));
			board.onSend = (handler, args) => app.log.info(handler + " " + args.join(" "));
		},
		set: (client, key, value) => board.change(() => board.set(key, value)),
		get: (client, key) => board.get(key),
		locks: () => [board.lock(), board.unlock()],
		leave: () => board.close(),
	},
	onConnect(client, rights) { if (rights !== undefined) client.writeAccess = rights; },
});
`;

class Board {
	readonly object: SharedObject;
	readonly told: string[] = [];
	readonly codes: string[] = [];
	/** Calls of all users. */
	readonly heard: unknown[] = [];

	constructor(connection: NetConnection, name: string) {
		// In one folder of local objects, all connections to one address would share one object.
		this.object = SharedObject.getRemote(name, connection.uri, false, false, { folder: testFolder() });
		this.object.client = { hear: (value: unknown) => this.heard.push(value) };
		this.object.addEventListener("sync", event => {
			for (const { code, name: slot } of event.changeList) this.told.push(`${code} ${slot ?? ""}`.trim());
		});
		this.object.addEventListener("netStatus", event => this.codes.push(event.info.code));
		this.object.connect(connection);
	}

	has(told: string): Promise<void> {
		return until(() => this.told.includes(told));
	}
}

describe("a shared object of another server", { timeout: 60_000 }, () => {
	it("is used by clients and code here as by those there", async () => {
		const [there, here] = [await new TestServer().start(), await new TestServer().write("sharing", SHARING).start()];
		const far = new Board(await there.connect("live"), "board");
		await far.has("clear");
		far.object.setProperty("first", 1);
		const control = await here.connect("sharing");
		await control.callAsync("join", there.url("live"));
		const [near, other] = [new Board(control, "near/board"), new Board(await here.connect("sharing"), "near/board")];
		await near.has("change first");
		await other.has("change first");
		near.object.setProperty("x", { deep: [1] });
		await Promise.all([near.has("success x"), other.has("change x"), far.has("change x")]);
		expect(far.object.data["x"]).toEqual({ deep: [1] });
		far.object.setProperty("x", null);
		await Promise.all([near.has("delete x"), other.has("delete x")]);
		await control.callAsync("set", "code", 7);
		await Promise.all([near.has("change code"), far.has("change code")]);
		expect(await control.callAsync("get", "code")).toBe(7);
		expect(await control.callAsync("locks")).toEqual([-1, -1]);
		other.object.send("hear", "all");
		await until(() => far.heard.length === 1 && near.heard.length === 1 && other.heard.length === 1);
		await until(() => here.lines.includes("hear all"));
		expect(here.lines).toContain("success code");
	});

	it("keeps to the rights of clients here, and is nobody's after it was let go of", async () => {
		const [there, here] = [await new TestServer().start(), await new TestServer().write("sharing", SHARING).start()];
		const control = await here.connect("sharing", "elsewhere");
		await control.callAsync("join", there.url("live"));
		const near = new Board(control, "near/board");
		await near.has("clear");
		near.object.setProperty("x", 1);
		await until(() => near.codes.includes("SharedObject.NoWriteAccess"));
		await control.callAsync("leave");
		// The name is free again.
		const own = new Board(await here.connect("sharing"), "near/board");
		own.object.setProperty("y", 2);
		await own.has("success y");
	});

	it.each([
		["that the proxy holds", false],
		["of the application's own", true],
	])("comes back with a connection %s, and what was asked for meanwhile is done", async (_name, ownConnection) => {
		const there = await new TestServer().start();
		const here = await new TestServer().write("sharing", SHARING).start();
		const control = await here.connect("sharing");
		await control.callAsync("join", there.url("live"), ownConnection);
		const near = new Board(control, "near/board");
		await near.has("clear");
		near.object.setProperty("before", 1);
		await near.has("success before");
		await there.stop();
		near.object.setProperty("meanwhile", 2);
		await there.start();
		await near.has("success meanwhile");
		const far = new Board(await there.connect("live"), "board");
		await far.has("change meanwhile");
		// Nobody else kept the volatile object.
		expect(far.object.data).toEqual({ meanwhile: 2 });
		await until(() => !("before" in near.object.data));
	});
});
