import type { AmfValue } from "@millrace/core/amf";
import type { NetStatus, Responder } from "@millrace/core/rtmp";
import { describe, expect, it } from "vitest";
import { ApplicationInstance, type ClientFacts, emptyClientStats, type InstanceClient } from "../app/index.ts";
import { NO_LIMITS } from "../app/instance-fixture.ts";
import { type AnyDefinition, defineApplication } from "../application/index.ts";
import { silentLog } from "../log/index.ts";
import { CodeHost } from "./code-host.ts";
import { type Below, delayedChannel, seeded } from "./delayed-channel.ts";

/** How often each rule is tried, under delays of its own. */
const RUNS = 10_000;
/** Runs that are under way together. */
const TOGETHER = 250;

/** Counts turns of the event loop: what is noted under one number happened in one. */
let turn = 0;
let isCounting = false;

function countTurns(): void {
	if (isCounting) return;
	isCounting = true;
	const count = () => {
		turn++;
		setImmediate(count).unref();
	};
	count();
}

class RecordingClient implements InstanceClient {
	readonly facts: ClientFacts;
	readonly log: string[] = [];
	readonly line = {
		bandwidthLimit: { serverToClient: 1, clientToServer: 1 },
		setBandwidthLimit: (...limits: number[]) => void this.log.push(`bandwidth ${limits.join(" ")}`),
		ping: (onAnswer: (millis: number | undefined) => void) => onAnswer(12),
		checkBandwidth: () => false,
		stats: () => ({ ...emptyClientStats(), bytesIn: 1 }),
	};
	readonly turns: number[] = [];
	readonly #onLog: (() => void)[] = [];

	constructor(id: string, args: readonly AmfValue[] = []) {
		const empty = { tcUrl: "", pageUrl: "", swfUrl: "", flashVer: "", query: "" };
		this.facts = { id, remoteAddress: "::1", protocol: "rtmp", secure: false, ...empty, objectEncoding: 0, args };
	}

	holdOutput(): void {}

	releaseOutput(): void {}

	accept(): void {
		this.#note("accept");
	}

	reject(status: NetStatus): void {
		this.#note(`reject ${status.description}`);
	}

	sendResult(call: number, value: AmfValue): void {
		this.#note(`result ${call} ${String(value)}`);
	}

	sendError(call: number, status: NetStatus): void {
		this.#note(`error ${call} ${status.description}`);
	}

	answerCall(call: number): void {
		this.#note(`answer ${call}`);
	}

	callMethod(name: string, args: readonly AmfValue[], responder?: Responder): void {
		this.#note(`${name} ${args.join()}`);
		responder?.onResult(args[0]);
	}

	sendSharedObject(): void {}

	close(status?: NetStatus): void {
		this.#note(`close ${status?.code}`);
	}

	/** Resolves when a line has been noted. */
	async until(line: string): Promise<void> {
		while (!this.log.includes(line)) await new Promise<void>(resolve => this.#onLog.push(resolve));
	}

	#note(line: string): void {
		this.log.push(line);
		this.turns.push(turn);
		for (const resolve of this.#onLog.splice(0)) resolve();
	}
}

/** An instance of an application behind a channel with delays. */
function open(definition: AnyDefinition, below: Below): ApplicationInstance {
	const host = new CodeHost({
		application: "test",
		folder: "/nowhere",
		main: "/nowhere/main.ts",
		settings: {
			start: delayedChannel(definition, below),
			limits: { memoryMebibytes: 1, turnMillis: 60_000, startMillis: 60_000, queueBytes: 1e9, frameBytes: 1e9 },
			network: false,
			reload: false,
			config: {},
		},
		log: silentLog,
		now: () => 0,
		schedule: () => () => {},
	});
	return new ApplicationInstance(
		"test",
		"_definst_",
		{ open: (_, instance, listener) => host.open(instance, listener) },
		{
			limits: NO_LIMITS,
			now: () => 0,
			log: (_level, _event, text) => {
				throw new Error(text);
			},
			onEnded: () => {},
		},
	);
}

async function tryOften(run: (below: Below) => Promise<void>): Promise<void> {
	countTurns();
	for (let seed = 0; seed < RUNS; seed += TOGETHER) {
		await Promise.all(
			Array.from({ length: TOGETHER }, async (_, index) => {
				try {
					await run(seeded(seed + index));
				} catch (error) {
					throw new Error(`With the seed ${seed + index}: ${error}`, { cause: error });
				}
			}),
		);
	}
}

const STREAM = { query: "", mode: "live" };

describe("under any delays, a port", { timeout: 120_000 }, () => {
	it("keeps the order of events and of effects", async () => {
		const seen = new Map<string, number[]>();
		const app = defineApplication({
			methods: {
				count(client, number: number) {
					seen.get(client.id)!.push(number);
					client.send("tick", number);
					return number;
				},
			},
		}) as AnyDefinition;
		let nextId = 0;
		await tryOften(async below => {
			const instance = open(app, below);
			const client = new RecordingClient(`c${nextId++}`);
			seen.set(client.facts.id, []);
			instance.connect(client);
			const calls = 1 + below(8);
			await client.until("accept");
			for (let call = 1; call <= calls; call++) {
				instance.call(client, call, "count", [call]);
				if (below(3) === 0) await new Promise(resolve => setImmediate(resolve));
			}
			await client.until(`result ${calls} ${calls}`);
			const expected = Array.from({ length: calls }, (_, index) => index + 1);
			expect(seen.get(client.facts.id)).toEqual(expected);
			expect(client.log.slice(1)).toEqual(expected.flatMap(n => [`tick ${n}`, `result ${n} ${n}`]));
			seen.delete(client.facts.id);
			instance.close();
		});
	});

	it("brings the effects of one turn together", async () => {
		const app = defineApplication({
			methods: {
				burst(client, count: number) {
					for (let index = 0; index < count; index++) client.send("part", index);
					return "done";
				},
			},
		}) as AnyDefinition;
		await tryOften(async below => {
			const instance = open(app, below);
			const client = new RecordingClient("c1");
			instance.connect(client);
			await client.until("accept");
			const count = 1 + below(10);
			instance.call(client, 1, "burst", [count]);
			await client.until("result 1 done");
			expect(new Set(client.turns.slice(1)).size).toBe(1);
			expect(client.log).toHaveLength(count + 2);
			instance.close();
		});
	});

	it("does to a pending client what the application did, behind the answer to connect", async () => {
		const app = defineApplication({
			async onConnect(client, turns) {
				client.send("early", 1);
				for (let index = 0; index < Number(turns); index++) await new Promise(resolve => setImmediate(resolve));
				client.send("early", 2);
			},
		}) as AnyDefinition;
		await tryOften(async below => {
			const instance = open(app, below);
			const client = new RecordingClient("c1", [below(4)]);
			instance.connect(client);
			await client.until("early 2");
			expect(client.log).toEqual(["accept", "early 1", "early 2"]);
			instance.close();
		});
	});

	it("lets what a client sends behind an answer see the rights that were set before it", async () => {
		const app = defineApplication({
			methods: {
				restrict(client) {
					client.readAccess = "public";
					return "ok";
				},
			},
		}) as AnyDefinition;
		await tryOften(async below => {
			const instance = open(app, below);
			const client = new RecordingClient("c1");
			instance.connect(client);
			await client.until("accept");
			instance.call(client, 1, "restrict", []);
			await client.until("result 1 ok");
			let refusal: NetStatus | undefined;
			instance.ask("play", client, { ...STREAM, name: "secret" }, answer => {
				refusal = answer;
			});
			expect(refusal?.code).toBe("NetStream.Play.Failed");
			instance.close();
		});
	});

	it("lets what a client sends behind a call wait until the call has begun, and see its rights", async () => {
		const app = defineApplication({
			methods: {
				async login(client, turns: number) {
					client.writeAccess = "mine";
					for (let index = 0; index < turns; index++) await new Promise(resolve => setImmediate(resolve));
				},
			},
		}) as AnyDefinition;
		await tryOften(async below => {
			const instance = open(app, below);
			const client = new RecordingClient("c1");
			instance.connect(client);
			await client.until("accept");
			instance.call(client, 0, "login", [below(4)]);
			const refusal = await new Promise<NetStatus | undefined>(resolve => {
				const publish = () => instance.ask("publish", client, { ...STREAM, name: "other" }, resolve);
				// As a connection does it: the command waits only while there is something to wait for.
				expect(instance.whenCallsAreHandled(client, publish)).toBe(true);
			});
			expect(refusal?.code).toBe("NetStream.Publish.Denied");
			expect(instance.whenCallsAreHandled(client, () => {})).toBe(false);
			instance.close();
		});
	});

	it("lets the media of a publisher pass only when onPublish has had its turn", async () => {
		const begun = new Set<string>();
		const app = defineApplication({
			onPublish(client) {
				begun.add(client.id);
			},
		}) as AnyDefinition;
		let nextId = 0;
		await tryOften(async below => {
			const instance = open(app, below);
			const client = new RecordingClient(`c${nextId++}`);
			instance.connect(client);
			await client.until("accept");
			const wasBegun = await new Promise<boolean>(resolve => {
				instance.ask("publish", client, { ...STREAM, name: "cam" }, () => resolve(begun.has(client.facts.id)));
				expect(begun.has(client.facts.id)).toBe(false);
			});
			expect(wasBegun).toBe(true);
			instance.close();
		});
	});

	it("keeps what a client answers in the order of the calls, and never makes the media side wait", async () => {
		const app = defineApplication({
			methods: {
				async ask(client, count: number) {
					const answers = Array.from({ length: count }, (_, index) => client.call("question", index));
					return (await Promise.all(answers)).join();
				},
			},
		}) as AnyDefinition;
		await tryOften(async below => {
			const instance = open(app, below);
			const client = new RecordingClient("c1");
			instance.connect(client);
			await client.until("accept");
			const count = 1 + below(5);
			const before = turn;
			instance.call(client, 1, "ask", [count]);
			expect(turn).toBe(before);
			const numbers = Array.from({ length: count }, (_, index) => index);
			await client.until(`result 1 ${numbers.join()}`);
			expect(client.log.slice(1, -1)).toEqual(numbers.map(index => `question ${index}`));
			instance.close();
		});
	});
});
