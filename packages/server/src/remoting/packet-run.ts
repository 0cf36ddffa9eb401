import {
	AmfEcmaArray,
	type AmfObject,
	AmfTypedObject,
	type AmfValue,
	FLEX_COMMAND,
	type FlexCall,
	type FlexCommand,
	type FlexMessage,
	type FlexOther,
	type FlexStamp,
	flexFault,
	flexResult,
	type ObjectEncoding,
	type RemotingMessage,
	type RemotingPacket,
	RemotingWriter,
	readFlexMessage,
} from "@millrace/core/amf";
import { UsageError } from "@millrace/core/fault";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { type ClientFacts, type InstanceDirectory, StreamName } from "../app/index.ts";
import { type ApplicationRules, type ClientAllowance, protocolRefusal, SWF_REJECTED } from "../rtmp/index.ts";
import { findTarget, type GatewayTargetRule } from "./gateway-target.ts";
import { type CallOutcome, RemotingClient, SHOWN_NAME } from "./remoting-client.ts";

/** What the calls of packets reach, and by which rules. */
export type PacketContext = GatewayTargetRule & {
	readonly instances: InstanceDirectory;
	/** How long the calls of a packet may take together, in milliseconds. */
	readonly timeoutMillis: number;
	/** The application that a caller means by a name, which differs where there are virtual hosts. Default: that name. */
	applicationOf?(name: string, caller: Caller): string;
	/** What an application allows; `undefined`: there is none of that name, or none that may be called so. */
	rules(application: string): ApplicationRules | undefined;
	/** The status that all calls fail with at present; `undefined`: none. */
	rejection(): NetStatus | undefined;
	/** A name for a client. */
	nextId(): string;
	/** Makes what no other message of Flex has. */
	flexStamp(): FlexStamp;
};

/** What the applications are told of whoever sent a packet. */
export type Caller = Omit<ClientFacts, "id" | "objectEncoding" | "args">;

/** What became of a packet. */
export type PacketResult = {
	/** The answer. */
	readonly bytes: Uint8Array;
	/** The instances that were called: `app`, `app/room`. */
	readonly instances: readonly string[];
	readonly faults: number;
};

/** A call that is done, and the envelope that its answer goes into. */
type Done = {
	readonly response: string;
	/** What was called, for the fault. */
	readonly target: string;
	readonly flex: FlexMessage | undefined;
	readonly outcome: CallOutcome;
};

/**
 * Makes the calls of one packet and gathers their answers, in the order of the calls. The packet itself is let go of
 * when its calls are made: applications may take their time.
 */
export class PacketRun {
	readonly #context: PacketContext;
	readonly #caller: Caller;
	readonly #place: string;
	readonly #objectEncoding: ObjectEncoding;
	readonly #args: readonly AmfValue[];
	/** By application and instance: one for all calls of the packet that go there. */
	readonly #clients = new Map<string, RemotingClient | NetStatus>();
	/** What the clients are counted by. */
	readonly #allowances: ClientAllowance[] = [];
	/** The calls, or what became of them, in their order. */
	readonly #calls: readonly (Done | Promise<Done>)[];

	/** `place` is what the request's path has behind the gateway's. Calls of another packet are another run. */
	constructor(packet: RemotingPacket, caller: Caller, place: string, context: PacketContext) {
		this.#caller = caller;
		this.#place = place;
		this.#context = context;
		this.#objectEncoding = packet.version === 3 ? 3 : 0;
		this.#args = credentialsOf(packet);
		const refusal = context.rejection() ?? headerRefusal(packet);
		this.#calls = packet.messages.map(message => this.#prepare(message, refusal));
	}

	/** Makes the calls. Called once; never rejects for what callers or applications do. */
	async answer(): Promise<PacketResult> {
		const { timeoutMillis, instances } = this.#context;
		const clients = [...this.#clients.values()].filter(client => client instanceof RemotingClient);
		for (const client of clients) client.connect();
		const late = netStatus("NetConnection.Call.Failed", `No answer within ${timeoutMillis / 1000} s.`);
		const timer = setTimeout(() => this.end(late), timeoutMillis);
		const done = await Promise.all(this.#calls);
		clearTimeout(timer);
		for (const client of clients) client.leave(instances);
		for (const allowance of this.#allowances) allowance.leave();
		return this.#write(done);
	}

	/** Calls that are not answered yet fail with that status. */
	end(status: NetStatus): void {
		for (const client of this.#clients.values()) if (client instanceof RemotingClient) client.end(status);
	}

	#prepare({ target, response, value }: RemotingMessage, refusal: NetStatus | undefined): Done | Promise<Done> {
		const flex = target === FLEX_TARGET ? readFlexMessage(value) : undefined;
		const call = {
			response,
			target: flex?.kind === "call" ? flexTarget(flex) : target,
			flex: flex && withoutArgs(flex),
		};
		const failed = (status: NetStatus): Done => ({ ...call, outcome: { kind: "status", status } });
		if (refusal !== undefined) return failed(refusal);
		if (flex !== undefined && flex.kind !== "call") return { ...call, outcome: outcomeOf(flex) };
		const isApplication = (name: string) => this.#context.isApplication(this.#applicationOf(name));
		const found = findTarget(call.target, this.#place, { ...this.#context, isApplication });
		if (typeof found === "string") return failed(netStatus("NetConnection.Call.Failed", found));
		const client = this.#clientOf(found.application, found.instance);
		if (!(client instanceof RemotingClient)) return failed(client);
		const outcome = client.call(found.method, flex?.args ?? argumentsOf(value));
		return outcome.then(became => ({ ...call, outcome: became }));
	}

	#applicationOf(name: string): string {
		return this.#context.applicationOf?.(name, this.#caller) ?? name;
	}

	/** The packet's client of an instance, or why there is none. */
	#clientOf(name: string, instance: string): RemotingClient | NetStatus {
		const application = this.#applicationOf(name);
		const key = String(new StreamName(application, instance, "")).replace(/\/$/, "");
		let client = this.#clients.get(key);
		if (client === undefined) {
			if (this.#clients.size >= MAX_INSTANCES) return TOO_MANY_INSTANCES;
			const rules = this.#context.rules(application);
			client = this.#refusalOf(name, rules) ?? this.#open(application, instance, rules?.allowance);
			this.#clients.set(key, client);
		}
		return client;
	}

	#refusalOf(name: string, rules: ApplicationRules | undefined): NetStatus | undefined {
		if (rules === undefined) {
			return netStatus("NetConnection.Call.Failed", `There is no application ${name.slice(0, SHOWN_NAME)} here.`);
		}
		// A file can prove itself only over a connection that lasts.
		if (rules.swf !== undefined) return netStatus("NetConnection.Connect.Rejected", SWF_REJECTED);
		return protocolRefusal(rules, this.#caller.protocol) ?? rules.allowance?.refusal();
	}

	#open(application: string, instance: string, allowance: ClientAllowance | undefined): RemotingClient {
		if (allowance !== undefined) {
			allowance.enter();
			this.#allowances.push(allowance);
		}
		const { instances, nextId } = this.#context;
		const facts = { ...this.#caller, id: nextId(), objectEncoding: this.#objectEncoding, args: this.#args };
		return new RemotingClient(facts, instances.open(application, instance));
	}

	#write(done: readonly Done[]): PacketResult {
		const writer = new RemotingWriter(this.#objectEncoding, { maxBytes: MAX_ANSWER_BYTES });
		let faults = 0;
		for (const { response, target, flex, outcome } of done) {
			let status = outcome.kind === "status" ? outcome.status : undefined;
			if (outcome.kind === "result") {
				const value = flex === undefined ? outcome.value : flexResult(flex, outcome.value, this.#context.flexStamp());
				status = tryAnswer(writer, response, "result", value);
			}
			if (status === undefined) continue;
			faults++;
			// What the application says of the failure may not be sayable either. Then there is room for a word, or for none.
			const { code, description } = tryAnswer(writer, response, "status", this.#fault(status, target, flex)) ?? {};
			if (code !== undefined) tryAnswer(writer, response, "status", { code, level: "error", description });
		}
		return { bytes: writer.finish(), instances: [...this.#clients.keys()], faults };
	}

	#fault(status: NetStatus, target: string, flex: FlexMessage | undefined): AmfValue {
		const details = target.slice(0, SHOWN_NAME);
		// What the callers of gateways look for: `details` beside what statuses have.
		if (flex === undefined) return { ...status, details } as AmfObject;
		const { code, description, application } = status as NetStatus & { application?: AmfValue };
		const fault = { code, text: description, detail: details, data: application ?? null };
		return flexFault(flex, fault, this.#context.flexStamp());
	}
}

/** Adds an answer; a status says why it could not be added. */
function tryAnswer(
	writer: RemotingWriter,
	response: string,
	kind: "result" | "status",
	value: AmfValue,
): NetStatus | undefined {
	try {
		writer.answer(response, kind, value);
		return undefined;
	} catch (error) {
		if (!(error instanceof UsageError)) throw error;
		return netStatus("NetConnection.Call.Failed", error.message);
	}
}

/** Applications and instances that one packet may call: each is started where it does not run. */
const MAX_INSTANCES = 8;
const TOO_MANY_INSTANCES = netStatus(
	"NetConnection.Call.Failed",
	`A request may call ${MAX_INSTANCES} instances at most.`,
);
/** As much as our own clients take. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
/** The target of a call that carries a message of Flex. */
const FLEX_TARGET = "null";
/** Headers that a gateway may be asked to understand, and does. */
const KNOWN_HEADERS = new Set(["Credentials", "amf_server_debug"]);

/** The user and the password that the header `Credentials` tells: what `onConnect` gets. */
function credentialsOf({ headers }: RemotingPacket): readonly AmfValue[] {
	const value = headers.find(header => header.name === "Credentials")?.value;
	if (typeof value !== "object" || value === null) return [];
	const { userid, password } = membersOf(value);
	return [userid, password];
}

/** Senders have different notions of an object. */
function membersOf(value: object): AmfObject {
	if (value instanceof AmfTypedObject) return value.members;
	return value instanceof AmfEcmaArray ? value.toObject() : (value as AmfObject);
}

/** Who does not know a header that must be understood must not do what is asked (AMF 0 specification §4.2). */
function headerRefusal({ headers }: RemotingPacket): NetStatus | undefined {
	const unknown = headers.find(({ name, mustUnderstand }) => mustUnderstand && !KNOWN_HEADERS.has(name));
	if (unknown === undefined) return undefined;
	const text = `The header ${unknown.name.slice(0, SHOWN_NAME)} is not understood.`;
	return netStatus("NetConnection.Call.Failed", text);
}

/** Arguments are an array; anything else is the only one. */
function argumentsOf(value: AmfValue): readonly AmfValue[] {
	if (Array.isArray(value)) return value;
	return value === null || value === undefined ? [] : [value];
}

function flexTarget({ destination, operation }: FlexCall): string {
	return destination === "" ? operation : `${destination}.${operation}`;
}

/** As much as its answer needs. */
function withoutArgs(flex: FlexMessage): FlexMessage {
	return flex.kind === "call" ? { ...flex, args: [] } : flex;
}

/** A channel asks whether anybody is there; nobody logs in where nothing is remembered. */
function outcomeOf(flex: FlexCommand | FlexOther): CallOutcome {
	const operation = flex.kind === "command" ? flex.operation : undefined;
	if (operation === FLEX_COMMAND.ping || operation === FLEX_COMMAND.logout) return { kind: "result", value: null };
	const what =
		flex.kind === "command" ? `The command ${operation}` : `A message ${flex.className.slice(0, SHOWN_NAME)} like this`;
	return { kind: "status", status: netStatus("NetConnection.Call.Failed", `${what} is not offered.`) };
}
