import { readFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { SharedObject } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import { ChunkReader, decodeCommand, TYPE_COMMAND, TYPE_COMMAND_AMF3 } from "@millrace/core/rtmp";
import { decodeSharedObjectMessage, SHARED_OBJECT_ANSWER_LIMITS } from "@millrace/core/shared-object";
import { afterAll, beforeAll, expect, it } from "vitest";
import { LegacyClient, LegacyFixture } from "./legacy-fixture.ts";

/** The same application once as `main.asc` and once in TypeScript gives the same messages on the wire. */

const ROOT = join(import.meta.dirname, "..");
/** What the server says before chunks: S0, S1 and S2. */
const HANDSHAKE_BYTES = 1 + 2 * 1536;

let server: LegacyFixture;
let tap: Tap;

beforeAll(async () => {
	const text = (path: string) => readFileSync(join(ROOT, path), "utf8");
	server = await LegacyFixture.start({
		files: {
			"hello-asc/main.asc": text("test/legacy-examples/hello/main.asc"),
			"hello-ts/main.ts": text("examples/hello-server/applications/hello/main.ts"),
			"chat-asc/main.asc": text("test/legacy-examples/chat/main.asc"),
			"chat-ts/main.ts": text("examples/chat/applications/chat/main.ts"),
		},
	});
	tap = await Tap.start(server.port);
});

afterAll(async () => {
	tap.stop();
	await server[Symbol.asyncDispose]();
});

it("HelloServer", async () => {
	const run = async (application: string) => {
		const nobody = tap.client(`${application}`, " ");
		await nobody.until(() => nobody.codes.includes("Connect.Closed"));
		const anna = tap.client(application, " Anna ");
		await anna.calls("serverMessage");
		expect(await anna.call("whoAmI")).toMatchObject({ name: "Anna", protocol: "rtmp", clients: 1 });
		expect(await anna.call("missing", 1)).toMatchObject({ code: "NetConnection.Call.Failed" });
		anna.connection.call("goodbye", null);
		await anna.until(() => anna.codes.includes("Connect.Closed"));
		expect(await anna.calls("lastWords")).toEqual([["Goodbye, Anna!"]]);
		return tap.take();
	};
	const [old, now] = [await run("hello-asc"), await run("hello-ts")];
	expect(old).toEqual(now);
	expect(now.length).toBeGreaterThan(5);
});

it("chat", async () => {
	const run = async (application: string) => {
		const nobody = tap.client(`${application}/room`);
		await nobody.until(() => nobody.codes.includes("Connect.Closed"));
		const ann = tap.client(`${application}/room`, "ann");
		await ann.calls("history");
		const users = SharedObject.getRemote("users", ann.connection.uri, false);
		await users.connectAsync(ann.connection);
		await ann.until(() => users.data["ann"] !== undefined);
		const twin = tap.client(`${application}/room`, "ann");
		await twin.until(() => twin.codes.includes("Connect.Closed"));
		await ann.call("say", "Hello?");
		await ann.calls("said");
		const bob = tap.client(`${application}/room`, "bob");
		expect(await bob.calls("history")).toEqual([[[{ from: "ann", text: "Hello?" }]]]);
		await ann.until(() => users.data["bob"] !== undefined);
		bob.answers["whispered"] = () => true;
		ann.answers["whispered"] = () => "what?";
		expect(await ann.call("whisper", "bob", "psst")).toBe(true);
		expect(await bob.call("whisper", "ann", "psst")).toBe(false);
		expect(await bob.call("whisper", "cid", "psst")).toMatchObject({ description: "There is no cid here." });
		expect(await bob.call("say", " ")).toMatchObject({ description: "Say something, in 500 letters at most." });
		await bob.call("say", "Bye.");
		await ann.calls("said", 2);
		bob.connection.close();
		await ann.until(() => users.data["bob"] === undefined);
		users.close();
		ann.connection.close();
		return tap.take();
	};
	const [old, now] = [await run("chat-asc"), await run("chat-ts")];
	expect(old).toEqual(now);
	expect(now.length).toBeGreaterThan(20);
});

/** Stands between clients and the server, and keeps what the server says to each. */
class Tap {
	readonly #server: Server;
	readonly #heard: Uint8Array[][] = [];
	readonly #clients: LegacyClient[] = [];

	private constructor(port: number) {
		this.#server = createServer(client => {
			const heard: Uint8Array[] = [];
			this.#heard.push(heard);
			const upstream = connect(port, "127.0.0.1");
			client.pipe(upstream).pipe(client);
			upstream.on("data", (bytes: Uint8Array) => heard.push(bytes));
			for (const socket of [client, upstream]) socket.on("error", () => client.destroy());
		});
	}

	static async start(port: number): Promise<Tap> {
		const tap = new Tap(port);
		await new Promise<void>(resolve => tap.#server.listen(0, "127.0.0.1", resolve));
		return tap;
	}

	client(address: string, ...args: AmfValue[]): LegacyClient {
		const client = new LegacyClient();
		this.#clients.push(client);
		const { port } = this.#server.address() as { port: number };
		client.connection.connect(`rtmp://127.0.0.1:${port}/${address}`, ...args);
		return client;
	}

	/** What was said to each client, in the order in which they came; forgotten then. */
	take(): unknown[] {
		return this.#heard.splice(0).flatMap((parts, index) => {
			const said: unknown[] = [];
			const note = (type: number, streamId: number, payload: Uint8Array) => {
				const values = valuesOf(type, payload);
				if (values !== undefined) said.push([index, type, streamId, plain(values)]);
			};
			const reader = new ChunkReader(
				{ onMessage: (type, _timestamp, streamId, payload) => note(type, streamId, payload) },
				{ messageBytes: 0xffffff, partialBytes: 0xffffff, chunkStreams: 64 },
			);
			reader.receive(Buffer.concat(parts).subarray(HANDSHAKE_BYTES));
			return said;
		});
	}

	stop(): void {
		for (const { connection } of this.#clients) connection.close();
		this.#server.close();
	}
}

/** Protocol control and pings come when they come. */
function valuesOf(type: number, payload: Uint8Array): unknown {
	if (type === TYPE_COMMAND || type === TYPE_COMMAND_AMF3) return decodeCommand(type, payload);
	if (type === 16 || type === 19) return decodeSharedObjectMessage(type, payload, SHARED_OBJECT_ANSWER_LIMITS);
	return undefined;
}

/** Without what is each run's own: times, names of connections and of the application. */
function plain(values: unknown): unknown {
	const text = JSON.stringify(values, (key, value: unknown) => (key === "clientid" || key === "since" ? key : value));
	return JSON.parse(text.replace(/(hello|chat)-(asc|ts)/g, "$1")) as unknown;
}
