import { afterEach, describe, expect, it } from "vitest";
import { closeServers, isGapless, TestServer, until } from "./server-fixture.ts";

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
