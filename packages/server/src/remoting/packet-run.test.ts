import {
	AmfEcmaArray,
	AmfTypedObject,
	type AmfValue,
	decodeRemoting,
	type RemotingHeader,
	RemotingWriter,
} from "@millrace/core/amf";
import { netStatus } from "@millrace/core/rtmp";
import { beforeEach, describe, expect, it } from "vitest";
import type { ApplicationPort, PortEffect, PortEvent, PortListener } from "../app/index.ts";
import { directoryOf } from "../app/instance-fixture.ts";
import { type ApplicationRules, ClientAllowance } from "../rtmp/index.ts";
import { type Caller, type PacketContext, PacketRun } from "./packet-run.ts";

const CALLER: Caller = {
	...{ remoteAddress: "192.0.2.1", protocol: "http", secure: false, tcUrl: "http://h/gateway" },
	...{ pageUrl: "", swfUrl: "", flashVer: "test", query: "" },
};
const FAILED = "NetConnection.Call.Failed";

/** Applications that let everybody in, and answer calls as the test says. */
class Applications {
	readonly events: string[] = [];
	readonly connects: Extract<PortEvent, { kind: "connect" }>["client"][] = [];
	onEvent: (event: PortEvent) => readonly PortEffect[] = echo;

	open(application: string, instance: string, listener: PortListener): ApplicationPort {
		const name = `${application}/${instance}`;
		return {
			send: event => {
				this.events.push(`${name} ${event.kind}${event.kind === "call" ? ` ${event.name}` : ""}`);
				if (event.kind === "connect") this.connects.push(event.client);
				const effects = this.onEvent(event);
				if (effects.length > 0) queueMicrotask(() => listener.onEffects(effects, 1));
			},
			answer: () => {},
			close: () => this.events.push(`${name} close`),
		};
	}
}

function echo(event: PortEvent): PortEffect[] {
	if (event.kind === "connect") return [{ kind: "accept", client: event.client.id }];
	if (event.kind !== "call") return [];
	const { client, call, name, args } = event;
	if (name === "fail") return [{ kind: "error", client, call, status: netStatus(FAILED, "No.") }];
	return [{ kind: "result", client, call, value: [name, ...args] }];
}

let applications: Applications;
let context: PacketContext;

beforeEach(() => {
	applications = new Applications();
	let nextId = 1;
	context = {
		instances: directoryOf(applications),
		timeoutMillis: 5000,
		defaultApplication: "main",
		nameLength: 100,
		isApplication: name => name === "chat" || name === "main",
		rules: name => (name === "gone" ? undefined : ({} as ApplicationRules)),
		rejection: () => undefined,
		nextId: () => `c${nextId++}`,
		flexStamp: () => ({ messageId: "m", timestamp: 7 }),
	};
});

type Made = { readonly encoding?: 0 | 3; readonly headers?: readonly RemotingHeader[]; readonly place?: string };

/** Makes calls and answers what comes back for each, by its target. */
async function calls(
	made: readonly (readonly [target: string, ...args: AmfValue[]])[],
	{ encoding = 0, headers = [], place = "" }: Made = {},
	changes: Partial<PacketContext> = {},
): Promise<[target: string, value: AmfValue][]> {
	const writer = new RemotingWriter(encoding);
	for (const header of headers) writer.header(header);
	for (const [index, [target, ...args]] of made.entries()) writer.call(target, `/${index + 1}`, args);
	const packet = decodeRemoting(writer.finish());
	const { bytes } = await new PacketRun(packet, CALLER, place, { ...context, ...changes }).answer();
	return decodeRemoting(bytes).messages.map(each => [each.target, each.value]);
}

describe("the calls of a packet", () => {
	it("are made in their order by a client that connects and leaves, and answered in their order", async () => {
		const answers = await calls([["chat.say", "a"], ["chat.fail"], ["chat.say", "b", 1]]);
		expect(answers).toEqual([
			["/1/onResult", ["say", "a"]],
			[
				"/2/onStatus",
				expect.objectContaining({ code: FAILED, level: "error", description: "No.", details: "chat.fail" }),
			],
			["/3/onResult", ["say", "b", 1]],
		]);
		const name = "chat/_definst_";
		expect(applications.events).toEqual([
			...[`${name} connect`, `${name} call say`, `${name} call fail`, `${name} call say`],
			...[`${name} disconnect`, `${name} close`],
		]);
	});

	it("may go to several applications and instances, each with a client of its own", async () => {
		const answers = await calls([["chat/red.a"], ["service.b"], ["chat/blue.c"], ["chat/red.d"]]);
		expect(answers.map(([, value]) => value)).toEqual([["a"], ["service.b"], ["c"], ["d"]]);
		expect(applications.connects.map(({ id }) => id)).toEqual(["c1", "c2", "c3"]);
	});

	it("go where the path says, with what the caller is known by", async () => {
		await calls([["any.thing"]], {
			encoding: 3,
			place: "chat/red",
			headers: [credentials({ userid: "ann", password: "secret" })],
		});
		expect(applications.events).toContain("chat/red call any.thing");
		expect(applications.connects).toEqual([{ ...CALLER, id: "c1", objectEncoding: 3, args: ["ann", "secret"] }]);
	});

	it.each([
		[
			"an array",
			new AmfEcmaArray([
				["userid", "ann"],
				["password", "secret"],
			]),
		],
		["an object with a class", new AmfTypedObject("Credentials", { userid: "ann", password: "secret" })],
	])("take credentials that come as %s", async (_what, value) => {
		await calls([["chat.a"]], { headers: [credentials(value)] });
		expect(applications.connects[0]).toMatchObject({ args: ["ann", "secret"] });
	});

	it("fail with its reason where the application refuses the client", async () => {
		const status = netStatus("NetConnection.Connect.Rejected", "Not you.", { application: { why: 1 } });
		applications.onEvent = event =>
			event.kind === "connect" ? [{ kind: "reject", client: event.client.id, status }] : [];
		const answers = await calls([["chat.a"], ["chat.b"]]);
		expect(answers.map(([target]) => target)).toEqual(["/1/onStatus", "/2/onStatus"]);
		expect(answers[0]![1]).toMatchObject({ code: status.code, description: "Not you.", application: { why: 1 } });
		expect(applications.events.join()).not.toContain("call");
	});

	it("wait for an application that takes its time to let the client in", async () => {
		let accept: (() => readonly PortEffect[]) | undefined;
		applications.onEvent = event => {
			if (event.kind !== "connect") return echo(event);
			accept = () => [{ kind: "accept", client: event.client.id }];
			return [];
		};
		let listener: PortListener | undefined;
		const open = applications.open.bind(applications);
		applications.open = (application, instance, given) => {
			listener = given;
			return open(application, instance, given);
		};
		const answers = calls([["chat.a"]]);
		await Promise.resolve();
		expect(applications.events).toEqual(["chat/_definst_ connect"]);
		listener!.onEffects(accept!(), 1);
		expect(await answers).toEqual([["/1/onResult", ["a"]]]);
	});

	it("fail where no answer comes in time, and the client leaves", async () => {
		applications.onEvent = event => (event.kind === "connect" ? echo(event) : []);
		const answers = await calls([["chat.a"]], {}, { timeoutMillis: 5 });
		expect(answers[0]![1]).toMatchObject({ code: FAILED, description: "No answer within 0.005 s." });
		expect(applications.events).toContain("chat/_definst_ disconnect");
	});

	it("fail where the application ends, or ends the client", async () => {
		applications.onEvent = event => {
			if (event.kind === "connect") return echo(event);
			return event.kind === "call" ? [{ kind: "close", client: event.client }] : [];
		};
		expect((await calls([["chat.a"]]))[0]![1]).toMatchObject({ code: FAILED });
		applications.onEvent = event => (event.kind === "call" ? [{ kind: "shutdown" }] : echo(event));
		expect((await calls([["chat.a"]]))[0]![1]).toMatchObject({ code: "NetConnection.Connect.AppShutdown" });
	});

	it("fail, each for itself, where there is no such application, or it is not open to HTTP", async () => {
		const rules = (name: string) =>
			name === "main" ? undefined : ({ protocols: ["rtmps"] } as unknown as ApplicationRules);
		const answers = await calls([["service.a"], ["chat.b"]], {}, { rules });
		expect(answers.map(([, value]) => (value as { description: string }).description)).toEqual([
			"There is no application main here.",
			expect.stringContaining("not open to http, but to rtmps"),
		]);
		expect(applications.events).toEqual([]);
	});

	it("fail while nobody is let in, and where a header must be understood that is not", async () => {
		const rejection = netStatus("NetConnection.Connect.Rejected", "Emptied.");
		expect((await calls([["chat.a"]], {}, { rejection: () => rejection }))[0]![1]).toMatchObject(rejection);
		const header = { name: "Secret", mustUnderstand: true, value: 1 };
		expect((await calls([["chat.a"]], { headers: [header] }))[0]![1]).toMatchObject({
			description: "The header Secret is not understood.",
		});
		expect(applications.events).toEqual([]);
		const optional = { ...header, mustUnderstand: false };
		expect((await calls([["chat.a"]], { headers: [optional] }))[0]![0]).toBe("/1/onResult");
	});

	it("fail alone where their result cannot be said in the caller's encoding", async () => {
		applications.onEvent = event =>
			event.kind === "call" && event.name === "bytes"
				? [{ kind: "result", client: event.client, call: event.call, value: Uint8Array.of(1) }]
				: echo(event);
		expect((await calls([["chat.a"], ["chat.bytes"], ["chat.b"]])).map(([target]) => target)).toEqual([
			...["/1/onResult", "/2/onStatus", "/3/onResult"],
		]);
		expect(await calls([["chat.bytes"]], { encoding: 3 })).toEqual([["/1/onResult", Uint8Array.of(1)]]);
	});

	it("fail in fewer words where what the application says of it cannot be said", async () => {
		const status = netStatus(FAILED, "No.", { application: Uint8Array.of(1) });
		applications.onEvent = event =>
			event.kind === "call" ? [{ kind: "error", client: event.client, call: event.call, status }] : echo(event);
		expect((await calls([["chat.a"]]))[0]).toEqual([
			"/1/onStatus",
			{ code: FAILED, level: "error", description: expect.stringContaining("AMF0 has no byte array") },
		]);
		expect((await calls([["chat.a"]], { encoding: 3 }))[0]![1]).toMatchObject({ application: Uint8Array.of(1) });
	});

	it("have no answer where they leave no room for its name", async () => {
		const writer = new RemotingWriter(0);
		writer.call("chat.a", "x".repeat(65_530), []);
		writer.call("chat.b", "/2", []);
		const { bytes, faults } = await new PacketRun(decodeRemoting(writer.finish()), CALLER, "", context).answer();
		expect(decodeRemoting(bytes).messages.map(({ target }) => target)).toEqual(["/2/onResult"]);
		expect(faults).toBe(1);
	});

	it("share the room of an answer: what goes beyond it fails", async () => {
		const large = "x".repeat(3 * 1024 * 1024);
		applications.onEvent = event =>
			event.kind === "call" ? [{ kind: "result", client: event.client, call: event.call, value: large }] : echo(event);
		const answers = await calls([["chat.a"], ["chat.b"], ["chat.c"]]);
		expect(answers.map(([target]) => target)).toEqual(["/1/onResult", "/2/onResult", "/3/onStatus"]);
	});

	it("reach eight instances at most", async () => {
		const answers = await calls(Array.from({ length: 10 }, (_, index) => [`chat/r${index % 9}.a`] as const));
		const kinds = answers.map(([target]) => target.split("/").at(-1));
		expect(kinds).toEqual([...Array.from({ length: 8 }, () => "onResult"), "onStatus", "onResult"]);
		expect(applications.connects.length).toBe(8);
	});

	it("go to the applications of the caller's virtual host, whose clients they are", async () => {
		const allowance = new ClientAllowance(1);
		const hosted = {
			applicationOf: (name: string, { tcUrl }: Caller) => `${name}@${new URL(tcUrl).host}`,
			isApplication: (name: string) => name === "chat@h",
			rules: (name: string) => (name === "chat@h" ? ({ allowance } as unknown as ApplicationRules) : undefined),
		};
		const answers = await calls([["chat.a"], ["other.b"], ["chat/room.c"]], {}, hosted);
		expect(answers.map(([target]) => target)).toEqual(["/1/onResult", "/2/onStatus", "/3/onStatus"]);
		expect(answers[1]![1]).toMatchObject({ description: "There is no application main here." });
		expect(answers[2]![1]).toMatchObject({ description: expect.stringContaining("More than 1 clients") });
		expect(applications.events[0]).toBe("chat@h/_definst_ connect");
		expect(allowance.refusal()).toBeUndefined();
	});

	it("come and go in the envelopes of Flex too", async () => {
		const message = (name: string, members: { [key: string]: AmfValue }) =>
			new AmfTypedObject(`flex.messaging.messages.${name}`, { messageId: "q", ...members });
		const answers = await calls(
			[
				["null", message("CommandMessage", { operation: 5 })],
				["null", message("RemotingMessage", { destination: "chat/red", operation: "say", body: ["a"] })],
				["null", message("RemotingMessage", { destination: "chat", operation: "fail", body: null })],
				["null", message("CommandMessage", { operation: 0 })],
				["null", message("AsyncMessage", { body: "news" })],
			],
			{ encoding: 3 },
		);
		expect(answers.map(([target, value]) => [target, (value as AmfTypedObject).className.split(".").at(-1)])).toEqual([
			["/1/onResult", "AcknowledgeMessage"],
			["/2/onResult", "AcknowledgeMessage"],
			["/3/onStatus", "ErrorMessage"],
			["/4/onStatus", "ErrorMessage"],
			["/5/onStatus", "ErrorMessage"],
		]);
		const members = answers.map(([, value]) => (value as AmfTypedObject).members);
		expect(members[1]).toMatchObject({ body: ["say", "a"], correlationId: "q", timestamp: 7 });
		expect(members[2]).toMatchObject({ faultCode: FAILED, faultString: "No.", faultDetail: "chat.fail" });
		expect(members[4]).toMatchObject({ correlationId: "q", faultString: expect.stringContaining("AsyncMessage") });
	});

	it("take the place of a client of which nothing can be asked", async () => {
		const answers: PortEvent[] = [];
		applications.onEvent = event => {
			if (event.kind === "answer") answers.push(event);
			if (event.kind !== "connect") return echo(event);
			const client = event.client.id;
			return [...echo(event), { kind: "call", client, call: 9, name: "ping", args: [] }];
		};
		expect(await calls([["chat.a"]])).toEqual([["/1/onResult", ["a"]]]);
		expect(answers).toEqual([{ kind: "answer", client: "c1", call: 9, failed: true, value: undefined }]);
	});
});

function credentials(value: AmfValue): RemotingHeader {
	return { name: "Credentials", mustUnderstand: true, value };
}
