import {
	type AmfObject,
	type AmfValue,
	FLEX_COMMAND,
	type FlexCall,
	type FlexCommand,
	type FlexStamp,
	flexFault,
	flexResult,
	type RemotingMessage,
	type RemotingPacket,
	RemotingWriter,
	readFlexMessage,
} from "@millrace/core/amf";
import { UsageError } from "@millrace/core/fault";
import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import { type ClientFacts, type InstanceDirectory, StreamName } from "../app/index.ts";
import { type ApplicationRules, protocolRefusal, SWF_REJECTED } from "../rtmp/index.ts";
import { findTarget, type GatewayTargetRule } from "./gateway-target.ts";
import { type CallOutcome, RemotingClient } from "./remoting-client.ts";

/** What the calls of packets reach, and by which rules. */
export type PacketContext = GatewayTargetRule & {
	readonly instances: InstanceDirectory;
	/** How long the calls of a packet may take together, in milliseconds. */
	readonly timeoutMillis: number;
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

/** A call as the application gets it, and the envelope that its answer goes into. */
type Pending = { readonly response: string; readonly flex: FlexCall | FlexCommand | undefined; outcome: CallOutcome };

/** Makes the calls of one packet and gathers their answers, in the order of the calls. */
export class PacketRun {
	readonly #context: PacketContext;
	readonly #packet: RemotingPacket;
	readonly #caller: Caller;
	readonly #place: string;
	readonly #args: readonly AmfValue[];
	/** By application and instance: one for all calls of the packet that go there. */
	readonly #clients = new Map<string, RemotingClient | NetStatus>();

	/** `place` is what the request's path has behind the gateway's. */
	constructor(packet: RemotingPacket, caller: Caller, place: string, context: PacketContext) {
		this.#packet = packet;
		this.#caller = caller;
		this.#place = place;
		this.#context = context;
		this.#args = credentialsOf(packet);
	}

	/** Makes the calls. Never rejects for what callers or applications do. */
	async answer(): Promise<PacketResult> {
		const { timeoutMillis } = this.#context;
		const refusal = this.#context.rejection() ?? headerRefusal(this.#packet);
		const waiting = this.#packet.messages.map(message => this.#begin(message, refusal));
		const clients = [...this.#clients.values()].filter(client => client instanceof RemotingClient);
		for (const client of clients) client.connect();
		const late = netStatus("NetConnection.Call.Failed", `No answer within ${timeoutMillis / 1000} s.`);
		const timer = setTimeout(() => this.end(late), timeoutMillis);
		const done = await Promise.all(waiting);
		clearTimeout(timer);
		for (const client of clients) client.leave(this.#context.instances);
		return this.#write(done);
	}

	/** Calls that are not answered yet fail with that status. */
	end(status: NetStatus): void {
		for (const client of this.#clients.values()) if (client instanceof RemotingClient) client.end(status);
	}

	async #begin(message: RemotingMessage, refusal: NetStatus | undefined): Promise<Pending> {
		const { target, response, value } = message;
		const flex = target === FLEX_TARGET ? readFlexMessage(value) : undefined;
		const pending = (outcome: CallOutcome): Pending => ({ response, flex, outcome });
		if (refusal !== undefined) return pending(failed(refusal));
		if (flex?.kind === "command") return pending(commandOutcome(flex));
		const called = flex === undefined ? target : flexTarget(flex);
		const found = findTarget(called, this.#place, this.#context);
		if (typeof found === "string") return pending(failed(netStatus("NetConnection.Call.Failed", found)));
		const client = this.#clientOf(found.application, found.instance);
		if (!(client instanceof RemotingClient)) return pending(failed(client));
		return pending(await client.call(found.method, flex?.args ?? argumentsOf(value)));
	}

	/** The packet's client of an instance, or why there is none. */
	#clientOf(application: string, instance: string): RemotingClient | NetStatus {
		const key = String(new StreamName(application, instance, "")).replace(/\/$/, "");
		let client = this.#clients.get(key);
		if (client === undefined) {
			client = this.#refusalOf(application) ?? this.#open(application, instance);
			this.#clients.set(key, client);
		}
		return client;
	}

	#refusalOf(application: string): NetStatus | undefined {
		const rules = this.#context.rules(application);
		if (rules === undefined) {
			return netStatus(
				"NetConnection.Call.Failed",
				`There is no application ${application.slice(0, SHOWN_NAME)} here.`,
			);
		}
		// A file can prove itself only over a connection that lasts.
		if (rules.swf !== undefined) return netStatus("NetConnection.Connect.Rejected", SWF_REJECTED);
		return protocolRefusal(rules, this.#caller.protocol);
	}

	#open(application: string, instance: string): RemotingClient {
		const { instances, nextId } = this.#context;
		const objectEncoding = this.#packet.version === 3 ? 3 : 0;
		const facts = { ...this.#caller, id: nextId(), objectEncoding, args: this.#args } as const;
		const opened = instances.open(application, instance);
		return new RemotingClient(facts, opened);
	}

	#write(done: readonly Pending[]): PacketResult {
		const writer = new RemotingWriter(this.#packet.version === 3 ? 3 : 0);
		let faults = 0;
		for (const [index, pending] of done.entries()) {
			const called = this.#packet.messages[index]!.target;
			if (!this.#writeOne(writer, pending, called)) faults++;
		}
		return { bytes: writer.finish(), instances: [...this.#clients.keys()], faults };
	}

	/** @returns whether it is a result */
	#writeOne(writer: RemotingWriter, { response, flex, outcome }: Pending, called: string): boolean {
		if (outcome.kind === "result") {
			try {
				const value = flex === undefined ? outcome.value : flexResult(flex, outcome.value, this.#context.flexStamp());
				writer.answer(response, "result", value);
				return true;
			} catch (error) {
				// What the application answered cannot be said in this caller's encoding.
				if (!(error instanceof UsageError)) throw error;
				const status = netStatus("NetConnection.Call.Failed", error.message);
				this.#writeOne(writer, { response, flex, outcome: failed(status) }, called);
				return false;
			}
		}
		const detail = called.slice(0, SHOWN_NAME);
		const { status } = outcome;
		writer.answer(response, "status", flex === undefined ? faultOf(status, detail) : this.#flexFault(flex, status));
		return false;
	}

	#flexFault(flex: FlexCall | FlexCommand, status: NetStatus): AmfValue {
		const detail = flex.kind === "call" ? flexTarget(flex).slice(0, SHOWN_NAME) : "";
		const data = status["application"] as AmfValue;
		return flexFault(flex, { code: status.code, text: status.description, detail, data }, this.#context.flexStamp());
	}
}

/** The target of a call that carries a message of Flex. */
const FLEX_TARGET = "null";
/** How much of a name that a caller made up is repeated in the answer. */
const SHOWN_NAME = 100;
/** Headers that a gateway may be asked to understand, and does. */
const KNOWN_HEADERS = new Set(["Credentials", "amf_server_debug"]);

/** The user and the password that the header `Credentials` tells: what `onConnect` gets. */
function credentialsOf({ headers }: RemotingPacket): readonly AmfValue[] {
	const value = headers.find(header => header.name === "Credentials")?.value;
	if (typeof value !== "object" || value === null) return [];
	const { userid, password } = value as AmfObject;
	return [userid, password];
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

/** A channel asks whether anybody is there; nobody logs in where nothing is remembered. */
function commandOutcome({ operation }: FlexCommand): CallOutcome {
	if (operation === FLEX_COMMAND.ping || operation === FLEX_COMMAND.logout) return { kind: "result", value: null };
	return failed(netStatus("NetConnection.Call.Failed", `The command ${operation} is not offered.`));
}

function failed(status: NetStatus): CallOutcome {
	return { kind: "status", status };
}

/** What the callers of gateways look for: `details` beside what statuses have. */
function faultOf(status: NetStatus, details: string): AmfValue {
	return { ...status, details } as AmfObject;
}
