import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { join } from "node:path";
import { type AmfValue, decodeRemoting, encodeAmf3, RemotingWriter } from "@millrace/core/amf";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LegacyFixture } from "./legacy-fixture.ts";
import { oldApplications } from "./legacy-scripts-fixture.ts";
import { RawRtmpClient } from "./raw-rtmp-client.ts";

/** Applications in the old style, as different from each other as they were, over the wire. */

// Each test starts a server, and each application in it a process.
vi.setConfig({ testTimeout: 60_000 });

const ends: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
	for (const end of ends.splice(0).reverse()) await end();
});

async function start(...names: readonly string[]): Promise<LegacyFixture> {
	const fixture = await LegacyFixture.start({ files: oldApplications(...names) });
	ends.push(() => fixture[Symbol.asyncDispose]());
	return fixture;
}

/** A gateway of Flash Remoting that answers each call with what `answer` gives; `undefined`: an HTTP error. Resolves with its address. */
async function gateway(answer: (method: string, args: AmfValue[]) => Promise<AmfValue | undefined>): Promise<string> {
	const server: Server = createHttpServer(async (request, response) => {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk);
		const writer = new RemotingWriter(0);
		for (const { target, response: place, value } of decodeRemoting(Buffer.concat(chunks)).messages) {
			const result = await answer(target, value as AmfValue[]);
			if (result === undefined) {
				response.writeHead(500).end();
				return;
			}
			writer.answer(place, "result", result);
		}
		response.setHeader("content-type", "application/x-amf").end(writer.finish());
	});
	return listen(server);
}

/** A web server that answers each body with what `answer` gives; `undefined`: 500. Resolves with its address. */
async function web(answer: (body: string) => string | undefined): Promise<string> {
	const server: Server = createHttpServer((request, response) => {
		let body = "";
		request.on("data", chunk => (body += chunk));
		request.on("end", () => {
			const text = answer(body);
			if (text === undefined) response.writeHead(500).end();
			else response.end(text);
		});
	});
	return listen(server);
}

async function listen(server: Server): Promise<string> {
	await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
	ends.push(() => {
		server.closeAllConnections();
		server.close();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}/ask.cgi`;
}

describe("gatekeeper: who comes waits for an answer of Flash Remoting", () => {
	it("is let in, turned away, or told that nobody answers, whenever the answer comes", async () => {
		const asked: AmfValue[] = [];
		const answers: (() => void)[] = [];
		const address = await gateway((method, [user, password]) => {
			asked.push([method, user]);
			const result = password === "sesame" ? { ok: true, level: 7 } : { ok: false, reason: "wrong" };
			return new Promise(resolve => answers.push(() => resolve(user === "crash" ? undefined : result)));
		});
		const server = await start("gatekeeper");
		const [ann, bob, crash] = [
			server.dial("gatekeeper", address, "ann", "sesame"),
			server.dial("gatekeeper", address, "bob", "guess"),
			server.dial("gatekeeper", address, "crash", "x"),
		];
		await waitFor(() => expect(answers).toHaveLength(3));
		expect(asked).toContainEqual(["site.Login.check", "ann"]);
		expect([ann!, bob!, crash!].flatMap(({ codes }) => codes)).toEqual([]);
		for (const answer of answers) answer();
		expect(await ann!.calls("welcome")).toEqual([["ann", 7]]);
		expect(ann!.codes).toEqual(["Connect.Success"]);
		await bob!.until(() => bob!.codes.length > 0);
		expect(bob!.statuses[0]).toMatchObject({
			code: "NetConnection.Connect.Rejected",
			application: { why: "wrong" },
		});
		await crash!.until(() => crash!.codes.length > 0);
		expect(crash!.codes[0]).toBe("Connect.Rejected");
		expect(await ann!.call("whoAmI")).toEqual({ name: "ann", level: 7, waiting: 0 });
		await server.logged(/login service: /);
	});
});

describe("door: who comes waits for the answer of a web server, one after the other", () => {
	it("lets in and turns away as it answers", async () => {
		const cgi = await web(body => {
			const ticket = new URLSearchParams(body).get("ticket");
			if (ticket === "broken") return undefined;
			return ticket === "gold" ? "allow=yes&nick=Ann%20B" : "allow=no&text=Sold+out";
		});
		const server = await start("door");
		const [gold, paper, broken, again] = await Promise.all(
			["gold", "paper", "broken", "gold"].map(ticket => server.connect("door", cgi, ticket)),
		);
		expect(gold!.codes).toEqual(["Connect.Success"]);
		expect(await again!.calls("nick")).toEqual([["Ann B"]]);
		expect(paper!.statuses[0]).toMatchObject({
			code: "NetConnection.Connect.Rejected",
			application: { status: 200, text: "Sold out" },
		});
		expect(broken!.statuses[0]).toMatchObject({ application: { status: 500 } });
	});
});

describe("shoutbox: functions on the single client, and another id than the server gave", () => {
	it("is talked in, remembers, and lets the administrator throw out", async () => {
		const server = await start("shoutbox");
		const ann = await server.connect("shoutbox", "ann");
		const admin = await server.connect("shoutbox", "admin");
		expect((await server.connect("shoutbox", "ann")).statuses[0]).toMatchObject({
			application: { msg: "nick in use" },
		});
		expect(await ann.call("who")).toBe("u1=ann,u2=admin");
		for (const text of ["one", "spam", "two", "three", "four"]) await ann.call("say", text);
		expect(await ann.call("say", "ads")).toBe("blocked");
		expect(await admin.call("getHistory")).toMatchObject([
			{ text: "two" },
			{ text: "three" },
			{ id: "u1", text: "four" },
		]);
		expect(await admin.calls("onSay", 4)).toEqual(["one", "two", "three", "four"].map(text => ["ann", text]));
		expect(await ann.call("kick", "admin")).toMatchObject({ code: "NetConnection.Call.Failed" });
		expect(await admin.call("kick", "ann")).toBe(true);
		expect(await admin.calls("onLeave", 1)).toEqual([["ann", 4]]);
		await ann.until(() => ann.codes.includes("Connect.Closed"));
	});
});

describe("suite: components under name spaces of Client.prototype, and __resolve for the rest", () => {
	it("finds the methods of components with slash and dot, and hides what begins with an underscore", async () => {
		const server = await start("suite");
		const client = await server.connect("suite", "ann");
		const other = await server.connect("suite", "bob");
		expect(await client.call("chat/send", "hello")).toBe(1);
		expect(await other.call("chat.send", "hi")).toBe(2);
		expect(await client.call("chat/last", 1)).toEqual(["hi"]);
		expect(await other.calls("chat/line", 2)).toEqual([
			["hello", 1],
			["hi", 2],
		]);
		expect(await client.call("people.list")).toEqual(["ann:1", "bob:2"]);
		expect(await client.call("getName")).toBe("ann");
		for (const name of ["chat/_forget", "chat/none", "people/list/apply", "nothing"]) {
			expect(await client.call(name), name).toMatchObject({ code: "NetConnection.Call.Failed" });
		}
	});
});

describe("guestbook: a data base of text files", () => {
	it("remembers users, bans and a log on the disk, over a restart, and shows nobody other files", async () => {
		const server = await start("guestbook");
		server.write("secret.txt", "secret");
		const ann = await server.connect("guestbook", "ann", "pw");
		expect(await ann.call("visits")).toBe(1);
		expect((await server.connect("guestbook", "ann", "guess")).statuses[0]).toMatchObject({
			application: { why: "password" },
		});
		expect(await ann.call("ban", "eve")).toBe(true);
		expect((await server.connect("guestbook", "eve", "x")).codes[0]).toBe("Connect.Rejected");
		expect(await ann.call("bans")).toEqual(["eve"]);
		expect(await ann.call("pardon")).toBe(0);
		const again = await server.connect("guestbook", "ann", "pw");
		expect(await again.call("visits")).toBe(2);
		expect(await again.call("logLines")).toEqual(["in ann", "wrong password of ann", "banned eve", "in ann"]);
		for (const path of ["../secret.txt", "/../secret.txt", "..\\secret.txt", `${server.folder}/secret.txt`]) {
			expect(await ann.call("peek", path), path).toEqual([false, false, null, false]);
		}

		const files = oldApplications("guestbook");
		for (const name of ["users.txt", "log.txt"])
			files[`guestbook/${name}`] = readFileSync(join(server.folder, "guestbook", name));
		const next = await LegacyFixture.start({ files });
		ends.push(() => next[Symbol.asyncDispose]());
		expect(await (await next.connect("guestbook", "ann", "pw")).call("visits")).toBe(3);
	});
});

describe("modular: chains of load()", () => {
	it("runs each file once, in order, from its folder or the library, and goes on where one is missing or broken", async () => {
		const server = await LegacyFixture.start({
			files: {
				...oldApplications("modular"),
				"modular/scriptlib/shared.asc": "var sharedVersion = 3; order.push('shared');",
			},
		});
		ends.push(() => server[Symbol.asyncDispose]());
		const client = await server.connect("modular");
		expect(await client.call("order")).toEqual([
			...["main", "config", "util", "config ends", "shared", "main ends", "start Modular 07"],
		]);
		expect(await client.call("shared")).toBe(3);
		await server.logged(/lib\/missing\.asc/);
		await server.logged(/lib\/broken\.asc:2/);
	});
});

describe("clumsy: handlers that throw and things that are not there", () => {
	it("goes on after each of them, tells onStatus, and names file and line in the log", async () => {
		const server = await start("clumsy");
		const client = await server.connect("clumsy");
		expect(client.codes).toEqual(["Connect.Success"]);
		await server.logged(/main\.asc:6: ReferenceError: nothingLikeThis is not defined/);
		for (const mode of ["throw", "string", "undefined", "loop"]) {
			expect((await server.connect("clumsy", mode)).codes[0], mode).toBe("Connect.Rejected");
		}
		expect(await client.call("divide", { value: 6 }, { value: 3 })).toBe(2);
		expect(await client.call("divide", { value: 6 })).toMatchObject({ code: "NetConnection.Call.Failed" });
		expect(await client.call("caught")).toBe("reference");
		for (const thrown of ["text", null, { a: 1 }]) {
			expect(await client.call("fail", thrown)).toMatchObject({ code: "NetConnection.Call.Failed" });
		}
		expect(await client.call("circle")).toMatchObject({ name: "a", me: { name: "a" } });
		expect(await client.call("self")).toBeTypeOf("object");
		expect(await client.call("odd")).toEqual([8, "undefined", "[1, 2, 3]", true, undefined]);
		await server.logged(/main\.asc:16: TypeError/);
		(await server.connect("clumsy")).connection.close();
		await server.logged(/main\.asc:29: TypeError/);
		const state = (await client.call("state")) as { checks: number; errors: string[] };
		expect(state).toMatchObject({ count: 2, last: "finally" });
		expect(state.checks).toBeGreaterThan(1);
		expect(state.errors.join("\n")).toMatch(/nothingLikeThis is not defined @main\.asc:6\n/);
		expect(state.errors.join("\n")).toMatch(/Error: not today @main\.asc:20/);
	});
});

describe("lobby: rooms by the name of the instance", () => {
	it("keeps rooms apart, sends on who finds one full, and turns away from one that is closed", async () => {
		const server = await start("lobby");
		const hall = await server.connect("lobby", "zoe");
		const ann = await server.connect("lobby/red", "ann");
		const bob = await server.connect("lobby/red", "bob");
		expect(await hall.call("room")).toEqual({ room: "hall", name: "lobby/_definst_", people: ["zoe"] });
		expect(await ann.call("room")).toEqual({ room: "red", name: "lobby/red", people: ["ann", "bob"] });
		expect((await server.connect("lobby/closed", "x")).statuses[0]).toMatchObject({
			application: { reason: "closed", room: "closed" },
		});
		const third = await server.connect("lobby/red", "cat");
		expect(third.statuses[0]).toMatchObject({
			code: "NetConnection.Connect.Rejected",
			description: "[ Server.Reject ] : The room is full",
			application: { next: "red2" },
			ex: { code: 302, redirect: `rtmp://127.0.0.1:${server.port}/lobby/red2` },
		});
		bob.connection.close();
		await waitFor(async () => expect(await ann.call("everyone")).toEqual(["ann"]));
		expect((await server.connect("lobby/red", "cat")).codes).toEqual(["Connect.Success"]);
		await server.logged(/room red opens/);
	});
});

describe("online and directory: instances that tell another application who is with them", () => {
	it("knows who is where, over connections from the server to itself", async () => {
		const server = await start("online", "directory");
		const ann = await server.connect("online/red", "ann");
		const bob = await server.connect("online/blue", "bob");
		const looker = await server.connect("directory");
		await server.logged(/reported 1/);
		const ask = async (name: string) => {
			ann.received.length = 0;
			await ann.call("find", name);
			return (await ann.calls("found"))[0];
		};
		await waitFor(async () => expect(await ask("bob")).toEqual(["bob", "blue"]));
		expect(await ask("nobody")).toEqual(["nobody", null]);
		expect(await looker.call("shout", "blue", "hear me")).toBe(true);
		expect(await bob.calls("shout")).toEqual([["hear me"]]);
		expect(await looker.call("shout", "green", "hear me")).toBe(false);
		expect(await looker.call("report", ["evil"])).toMatchObject({ code: "NetConnection.Call.Failed" });
		bob.connection.close();
		await waitFor(async () => expect(await ask("bob")).toEqual(["bob", null]));
	});
});

describe("sweeper: the dead are swept out by ping", () => {
	it("throws out who does not answer, keeps who does, and notes whose socket is gone", async () => {
		const server = await start("sweeper");
		const ann = await server.connect("sweeper", "ann");
		const bob = await server.connect("sweeper", "bob");
		// It answers no ping, and would never go by itself.
		const mute = (await RawRtmpClient.tcp(server.port)).connect("sweeper", "MUTE 1,0");
		ends.push(() => mute.socket.destroy());
		await server.logged(/swept MUTE 1,0/);
		await waitFor(() => expect(mute.closed).toBe(true));
		// Its socket ends without a word.
		const torn = (await RawRtmpClient.tcp(server.port)).connect("sweeper", "TORN 1,0");
		await torn.until("_result");
		torn.socket.resetAndDestroy();
		await server.logged(/gone TORN 1,0/);
		expect(await ann.call("throwOut", "bob")).toBe(true);
		await bob.until(() => bob.codes.includes("Connect.Closed"));
		await waitFor(async () => expect(await ann.call("present")).toEqual(["ann"]));
		expect((await ann.calls("gone", 3)).flat().sort()).toEqual(["MUTE 1,0", "TORN 1,0", "bob"]);
		expect(server.lines.filter(line => /swept ann|swept bob/.test(line))).toEqual([]);
	});
});

describe("toolbox: documents, bytes, digests, sockets", () => {
	it("works with what clients send", async () => {
		const server = await start("toolbox");
		const client = await server.connect("toolbox");
		expect(await client.call("parse", '<l> <u id="1">Ann &amp; Bob</u> <!-- no --> <v/> </l>')).toEqual([
			{ name: "u", id: "1", text: "Ann & Bob" },
			{ name: "v", id: undefined, text: null },
		]);
		expect(await client.call("parse", "<l><u></l>")).toBe("error -10");
		expect(await client.call("document", ["a", "<b>"])).toMatchObject({
			text: '<rows><row id="0">a</row><row id="1">&lt;b&gt;</row></rows>',
		});
		expect(await client.call("digest", "abc")).toMatch(/^ba7816bf8f01cfea/);
		const packed = (await client.call("pack", { list: [1, 2, 3] })) as Uint8Array;
		expect(packed).toBeInstanceOf(Uint8Array);
		expect(packed).not.toEqual(encodeAmf3({ list: [1, 2, 3] }));
		expect(await client.call("unpack", packed)).toEqual({ list: [1, 2, 3] });
	});

	it("talks to other servers, whether they answer or not", async () => {
		const address = await web(body => (body === "" ? "<feed><item/></feed>" : undefined));
		const tcp = createTcpServer(socket => {
			socket.on("error", () => {});
			socket.on("data", bytes => socket.write(`<answer text="${String(bytes).length}"/>\0`));
		});
		await new Promise<void>(resolve => tcp.listen(0, "127.0.0.1", resolve));
		ends.push(() => tcp.close());
		const server = await start("toolbox");
		const client = await server.connect("toolbox");
		expect(await client.call("ask", (tcp.address() as AddressInfo).port, "<q/>")).toBe(true);
		expect(await client.calls("answered")).toEqual([["answer", "6"]]);
		expect(await client.call("ask", 1, "<q/>")).toBe(true);
		expect((await client.calls("answered", 2))[1]).toEqual(["no connection"]);
		expect(await client.call("feed", address)).toBe(true);
		expect(await client.calls("fed")).toEqual([[true, "feed", 0]]);
		expect(await client.calls("status")).toEqual([[200]]);
	});
});

describe("macintosh: as an editor of 2002 wrote it", () => {
	it.each([
		["lines that end with CR alone, in Latin-1", (text: string) => Buffer.from(text.replaceAll("\n", "\r"), "latin1")],
		["a byte order mark and CRLF", (text: string) => Buffer.from(`\ufeff${text.replaceAll("\n", "\r\n")}`)],
		["UTF-16", (text: string) => Buffer.from(`\ufeff${text}`, "utf16le")],
	])("runs with %s", async (_how, encode) => {
		const text = String(oldApplications("macintosh")["macintosh/main.asc"]);
		const server = await LegacyFixture.start({ files: { "macintosh/main.asc": encode(text) } });
		ends.push(() => server[Symbol.asyncDispose]());
		expect(await (await server.connect("macintosh")).call("greet")).toBe("Élan d'été 8");
	});
});

describe("duel: a server that asks its clients", () => {
	it("plays three rounds on the answers of two players, one of whom fails once", async () => {
		const server = await start("duel");
		const hands: Record<string, readonly string[]> = { ann: ["rock", "paper", "rock"], bob: ["scissors", "paper", ""] };
		const players = ["ann", "bob"].map(name => {
			const client = server.dial("duel", name);
			client.answers["chooseHand"] = round => {
				const hand = hands[name]![Number(round) - 1];
				if (hand === "") throw new Error("I cannot decide.");
				return hand;
			};
			return client;
		});
		await players[0]!.until(() => players.every(player => player.received.some(([name]) => name === "over")));
		expect(await players[0]!.calls("roundOver", 3)).toEqual([
			[1, ["rock", "scissors"], "ann"],
			[2, ["paper", "paper"], "draw"],
			[3, ["rock", "none"], "draw"],
		]);
		expect((await players[1]!.calls("over"))[0]).toMatchObject([
			{ className: "duel.Result", members: { names: ["ann", "bob"], points: [1, 0], winner: "ann" } },
		]);
		await server.logged(/no hand: NetConnection\.Call\.Failed/);
	});
});

/** Tries again until it does not throw. */
async function waitFor(check: () => unknown): Promise<void> {
	const end = performance.now() + 20_000;
	for (;;) {
		try {
			await check();
			return;
		} catch (error) {
			if (performance.now() > end) throw error;
			await new Promise(resolve => setTimeout(resolve, 10));
		}
	}
}
