import type { AmfValue } from "@millrace/core/amf";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { beforeEach, describe, expect, it } from "vitest";
import { emptyClientStats } from "./client-stats.ts";
import { DefaultApplicationHost } from "./default-application.ts";
import type { InstanceClient } from "./instance-client.ts";
import type { InstanceDirectory } from "./instance-directory.ts";
import { clientFacts, directoryOf } from "./instance-fixture.ts";
import type { ApplicationHost, ApplicationPort, ClientFacts, PortEffect, PortEvent, PortListener } from "./port.ts";

const STREAM = { name: "cam", query: "", mode: "live" };
const REFUSAL = netStatus("NetStream.Publish.Denied");

/** An application that answers when the test says so. */
class FakeHost implements ApplicationHost {
	readonly events: PortEvent[] = [];
	readonly opened: string[] = [];
	closed = 0;
	#listener: PortListener | undefined;

	open(application: string, instance: string, listener: PortListener): ApplicationPort {
		this.opened.push(`${application}/${instance}`);
		this.#listener = listener;
		return {
			send: event => this.events.push(event),
			answer: reply => this.events.push(reply),
			close: () => {
				this.closed++;
			},
		};
	}

	do(...effects: PortEffect[]): void {
		this.#listener?.onEffects(effects, Number.POSITIVE_INFINITY);
	}
}

class FakeClient implements InstanceClient {
	readonly facts: ClientFacts;
	readonly log: string[] = [];
	readonly line = {
		setBandwidthLimit: (...limits: number[]) => void this.log.push(`bandwidth ${limits.join(" ")}`),
		bandwidthLimit: { serverToClient: 1000, clientToServer: Number.POSITIVE_INFINITY },
		ping: (onAnswer: (millis: number | undefined) => void) => onAnswer(12),
		checkBandwidth: () => false,
		stats: () => ({ ...emptyClientStats(), bytesIn: 1 }),
	};
	onCall: (() => void) | undefined;
	holds = 0;
	releases = 0;

	constructor(id: string) {
		this.facts = clientFacts(id);
	}

	holdOutput(): void {
		this.holds++;
	}

	releaseOutput(): void {
		this.releases++;
	}

	accept(): void {
		this.log.push("accept");
	}

	reject(status: NetStatus): void {
		this.log.push(`reject ${status.code}`);
	}

	sendResult(call: number, value: AmfValue): void {
		this.log.push(`result ${call} ${value}`);
	}

	sendError(call: number, status: NetStatus): void {
		this.log.push(`error ${call} ${status.code}`);
	}

	answerCall(call: number): void {
		this.log.push(`answer ${call}`);
	}

	callMethod(name: string, args: readonly AmfValue[]): void {
		this.log.push(`call ${name} ${args.join()}`);
		this.onCall?.();
	}

	sendSharedObject(type: number, body: Uint8Array): void {
		this.log.push(`shared object ${type} ${body.length}`);
	}

	close(status?: NetStatus): void {
		this.log.push(["close", status?.code].join(" ").trim());
	}
}

let host: FakeHost;
let directory: InstanceDirectory;
let client: FakeClient;

beforeEach(() => {
	host = new FakeHost();
	directory = directoryOf(host);
	client = new FakeClient("c1");
});

describe("an application instance", () => {
	it("hands events over in the order in which they happened", () => {
		const instance = directory.open("app", "room");
		instance.connect(client);
		instance.call(client, 7, "sum", [1, 2]);
		instance.ask("publish", client, STREAM, () => {});
		instance.tell("unpublish", client, STREAM);
		instance.disconnect(client);
		instance.disconnect(client);
		expect(host.events).toEqual([
			{ kind: "connect", client: client.facts },
			{ kind: "call", client: "c1", call: 7, name: "sum", args: [1, 2] },
			{ kind: "publish", client: "c1", request: 1, stream: STREAM },
			{ kind: "unpublish", client: "c1", stream: STREAM },
			{ kind: "disconnect", client: "c1" },
		]);
	});

	it("applies the effects of a turn in order", () => {
		const instance = directory.open("app", "room");
		instance.connect(client);
		host.do({ kind: "accept", client: "c1" });
		host.do(
			{ kind: "call", client: "c1", call: 0, name: "hello", args: ["a", 1] },
			{ kind: "result", client: "c1", call: 7, value: 3 },
			{ kind: "error", client: "c1", call: 8, status: netStatus("NetConnection.Call.Failed") },
			{ kind: "close", client: "c1" },
		);
		expect(client.log).toEqual([
			"accept",
			"call hello a,1",
			"result 7 3",
			"error 8 NetConnection.Call.Failed",
			"close",
		]);
	});

	it("lets each client be told of several effects in one write", () => {
		const instance = directory.open("app", "room");
		const other = new FakeClient("c2");
		for (const each of [client, other]) {
			instance.connect(each);
			host.do({ kind: "accept", client: each.facts.id });
		}
		expect([client.holds, client.releases]).toEqual([0, 0]);
		host.do(
			{ kind: "broadcast", name: "a", args: [] },
			{ kind: "call", client: "c1", call: 0, name: "b", args: [] },
			{ kind: "broadcast", name: "c", args: [] },
		);
		expect([client.holds, client.releases, other.holds, other.releases]).toEqual([1, 1, 1, 1]);
		expect(client.log.slice(1).map(line => line.trim())).toEqual(["call a", "call b", "call c"]);
	});

	it("holds what an application does to a client that it has not let in, until it does", () => {
		directory.open("app", "room").connect(client);
		host.do({ kind: "call", client: "c1", call: 0, name: "one", args: [] });
		host.do({ kind: "call", client: "c1", call: 0, name: "two", args: [] });
		expect(client.log).toEqual([]);
		host.do({ kind: "accept", client: "c1" }, { kind: "call", client: "c1", call: 0, name: "three", args: [] });
		expect(client.log).toEqual(["accept", "call one ", "call two ", "call three "]);
	});

	it("forgets what it held for a client that is refused, or leaves in between", () => {
		const instance = directory.open("app", "room");
		instance.connect(client);
		host.do({ kind: "call", client: "c1", call: 0, name: "one", args: [] });
		host.do({ kind: "reject", client: "c1", status: netStatus("NetConnection.Connect.Rejected") });
		expect(client.log).toEqual(["reject NetConnection.Connect.Rejected"]);
		const leaving = new FakeClient("c2");
		instance.connect(leaving);
		leaving.onCall = () => instance.disconnect(leaving);
		host.do(
			{ kind: "call", client: "c2", call: 0, name: "one", args: [] },
			{ kind: "call", client: "c2", call: 0, name: "two", args: [] },
		);
		host.do({ kind: "accept", client: "c2" });
		expect(leaving.log).toEqual(["accept", "call one "]);
	});

	it("gives each permission to the one who asked, once, whenever it comes", () => {
		const instance = directory.open("app", "room");
		instance.connect(client);
		host.do({ kind: "accept", client: "c1" });
		const answers: [string, NetStatus | undefined][] = [];
		instance.ask("publish", client, STREAM, refusal => answers.push(["publish", refusal]));
		instance.ask("play", client, STREAM, refusal => answers.push(["play", refusal]));
		host.do({ kind: "allow", client: "c1", request: 2 });
		host.do({ kind: "refuse", client: "c1", request: 1, status: REFUSAL });
		host.do({ kind: "allow", client: "c1", request: 1 }, { kind: "allow", client: "c1", request: 99 });
		expect(answers).toEqual([
			["play", undefined],
			["publish", REFUSAL],
		]);
	});

	it("drops answers to a client that has gone", () => {
		const instance = directory.open("app", "room");
		instance.connect(client);
		instance.connect(new FakeClient("c2"));
		instance.ask("publish", client, STREAM, () => expect.unreachable());
		instance.disconnect(client);
		host.do(
			{ kind: "accept", client: "c1" },
			{ kind: "allow", client: "c1", request: 1 },
			{ kind: "result", client: "c1", call: 1, value: 1 },
		);
		// Nor does the answer reach another client that has learnt the number.
		host.do({ kind: "accept", client: "c2" }, { kind: "allow", client: "c2", request: 1 });
		expect(client.log).toEqual([]);
	});
});

describe("the directory of instances", () => {
	it("starts an instance for its first client and unloads it after the last", () => {
		const second = new FakeClient("c2");
		const instance = directory.open("app", "room");
		instance.connect(client);
		expect(directory.open("app", "room")).toBe(instance);
		instance.connect(second);
		directory.open("app", "other").connect(new FakeClient("c3"));
		directory.leave(instance, client);
		expect(host.closed).toBe(0);
		directory.leave(instance, second);
		expect([host.closed, [...directory.instances()].length]).toEqual([1, 1]);
		expect(directory.open("app", "room")).not.toBe(instance);
		expect(host.opened).toEqual(["app/room", "app/other", "app/room"]);
	});

	it("does not unload the instance that has taken the place of one that ended", () => {
		const first = directory.open("app", "room");
		first.connect(client);
		directory.leave(first, client);
		const second = directory.open("app", "room");
		second.connect(new FakeClient("c2"));
		directory.leave(first, client);
		expect([...directory.instances()]).toEqual([second]);
	});

	it("unloads everything when it stops, and takes no effects afterwards", () => {
		directory.open("app", "room").connect(client);
		directory.stop();
		host.do({ kind: "accept", client: "c1" });
		expect([host.closed, client.log]).toEqual([1, []]);
	});
});

describe("the built-in live application", () => {
	it("lets everybody in, allows every stream, and knows no methods", () => {
		const instance = directoryOf(new DefaultApplicationHost()).open("live", "_definst_");
		instance.connect(client);
		const answers: (NetStatus | undefined)[] = [];
		instance.ask("publish", client, STREAM, refusal => answers.push(refusal));
		instance.ask("play", client, STREAM, refusal => answers.push(refusal));
		instance.call(client, 5, "sum", []);
		instance.close();
		instance.call(client, 6, "sum", []);
		expect(answers).toEqual([undefined, undefined]);
		expect(client.log).toEqual(["accept", "error 5 NetConnection.Call.Failed"]);
	});
});
