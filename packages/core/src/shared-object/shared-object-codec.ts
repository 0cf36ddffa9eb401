import { Amf0Reader, AmfSource, type AmfValue, encodeValues, type ObjectEncoding } from "../amf/index.ts";
import { ByteWriter } from "../bytes/index.ts";
import { LimitError, PeerError, UsageError } from "../fault/index.ts";
import { TYPE_SHARED_OBJECT, TYPE_SHARED_OBJECT_AMF3 } from "../rtmp/index.ts";
import {
	SHARED_OBJECT_REQUEST_LIMITS,
	type SharedObjectEvent,
	type SharedObjectMessage,
	type SharedObjectMessageLimits,
} from "./shared-object-message.ts";
import { encodeSlotValue } from "./slot-value.ts";

/** The types of messages about shared objects: 19 in AMF0, 16 for those who agreed on AMF3. */
export type SharedObjectType = typeof TYPE_SHARED_OBJECT | typeof TYPE_SHARED_OBJECT_AMF3;

/** The message type for an object encoding. */
export function sharedObjectType(encoding: ObjectEncoding): SharedObjectType {
	return encoding === 3 ? TYPE_SHARED_OBJECT_AMF3 : TYPE_SHARED_OBJECT;
}

/** The object encoding that a message type stands for. */
export function sharedObjectEncoding(type: SharedObjectType): ObjectEncoding {
	return type === TYPE_SHARED_OBJECT_AMF3 ? 3 : 0;
}

/**
 * Reads a message. Events of unknown type are left out, and so is what follows the last whole event or, inside an
 * event, what it should hold. A change without a value is a removal. Each value has reference tables of its own.
 *
 * @throws PeerError MESSAGE_MALFORMED where it contradicts itself, and the faults of AMF's readers; LimitError
 * SHARED_OBJECT_TOO_LARGE for more than the limits
 */
export function decodeSharedObjectMessage(
	type: SharedObjectType,
	body: Uint8Array,
	limits: SharedObjectMessageLimits = SHARED_OBJECT_REQUEST_LIMITS,
): SharedObjectMessage {
	if (type === TYPE_SHARED_OBJECT_AMF3 && body[0] !== 0) {
		throw new PeerError("MESSAGE_MALFORMED", "The format selector of a shared object message is not 0.", 0);
	}
	const bytes = type === TYPE_SHARED_OBJECT_AMF3 ? body.subarray(1) : body;
	return new MessageReader(bytes, limits).message();
}

/**
 * The message as a body of type 19 (encoding 0) or 16 (encoding 3).
 *
 * @throws UsageError AMF_UNENCODABLE for values that the encoding cannot hold, where the event brings no forms of its
 * own, for names of more than 65,535 bytes, and for more than `maxBytes`, by default the longest message of RTMP
 */
export function encodeSharedObjectMessage(
	message: SharedObjectMessage,
	encoding: ObjectEncoding,
	maxBytes = MAX_MESSAGE_BYTES,
): Uint8Array {
	const out = new ByteWriter({ maxBytes, tooLarge: "AMF_UNENCODABLE" });
	if (encoding === 3) out.u8(0);
	writeName(out, message.name);
	out.u32(message.version);
	out.u32(message.flags);
	out.u32(0);
	for (const event of message.events) {
		out.u8(NUMBERS[event.kind]);
		const lengthAt = out.length;
		out.u32(0);
		writePayload(out, event, encoding);
		out.patchU32(lengthAt, out.length - lengthAt - LENGTH_BYTES);
	}
	return out.finish();
}

/** RTMP's messages end there. */
const MAX_MESSAGE_BYTES = 0xffffff;
const LENGTH_BYTES = 4;
const EVENT_HEAD_BYTES = 5;
const MAX_NAME_BYTES = 0xffff;

/** Events on the wire. */
const NUMBERS: { readonly [kind in SharedObjectEvent["kind"]]: number } = {
	use: 1,
	release: 2,
	"request-change": 3,
	change: 4,
	success: 5,
	send: 6,
	status: 7,
	clear: 8,
	remove: 9,
	"request-remove": 10,
	"use-success": 11,
	"slot-version": 12,
	"change-echo": 13,
	"request-clear": 14,
};

function writePayload(out: ByteWriter, event: SharedObjectEvent, encoding: ObjectEncoding): void {
	switch (event.kind) {
		case "request-change":
		case "change":
		case "change-echo":
			writeName(out, event.name);
			out.bytes(event.forms?.form(encoding) ?? encodeSlotValue(event.value, encoding));
			return;
		case "success":
		case "remove":
		case "request-remove":
			writeName(out, event.name);
			return;
		case "send":
			out.bytes(encodeValues([event.handler, ...event.args], encoding));
			return;
		case "status":
			writeName(out, event.code);
			writeName(out, event.level);
			return;
		case "slot-version":
			writeName(out, event.name);
			out.u32(event.version);
			return;
	}
}

function writeName(out: ByteWriter, name: string): void {
	const at = out.length;
	out.u16(0);
	const length = out.utf8(name);
	if (length > MAX_NAME_BYTES) {
		throw new UsageError(
			"AMF_UNENCODABLE",
			`A shared object's name has ${length} bytes; ${MAX_NAME_BYTES} are allowed.`,
		);
	}
	out.patchU16(at, length);
}

/** Reads one message. All values draw on one budget, while each has a reader, and so reference tables, of its own. */
class MessageReader {
	readonly #source: AmfSource;
	readonly #limits: SharedObjectMessageLimits;
	readonly #events: SharedObjectEvent[] = [];
	#unknown = 0;
	/** Where the event ends that is being read. */
	#end = 0;

	constructor(bytes: Uint8Array, limits: SharedObjectMessageLimits) {
		this.#limits = limits;
		this.#source = new AmfSource(bytes, { limits: limits.amf });
		this.#end = bytes.length;
	}

	message(): SharedObjectMessage {
		const { input } = this.#source;
		if (input.remaining < 2) throw this.#malformed("It ends inside the head");
		const name = this.#name();
		if (input.remaining < 12) throw this.#malformed("It ends inside the head");
		const version = input.u32();
		const flags = input.u32();
		input.skip(4);
		while (input.remaining >= EVENT_HEAD_BYTES) this.#event();
		return { name, version, flags, events: this.#events };
	}

	#event(): void {
		const { input } = this.#source;
		const number = input.u8();
		const length = input.u32();
		if (length > input.remaining) throw this.#malformed(`An event of ${length} bytes has ${input.remaining}`);
		this.#end = input.position + length;
		this.#payload(number);
		if (input.position > this.#end) throw this.#malformed("A value runs past the end of its event");
		input.skip(this.#end - input.position);
	}

	#payload(number: number): void {
		switch (number) {
			case NUMBERS.use:
				return this.#add({ kind: "use" });
			case NUMBERS.release:
				return this.#add({ kind: "release" });
			case NUMBERS["request-change"]:
				return this.#slot("request-change", "request-remove");
			case NUMBERS.change:
				do this.#slot("change", "remove");
				while (this.#left > 0);
				return;
			case NUMBERS.success:
				do this.#add({ kind: "success", name: this.#name() });
				while (this.#left > 0);
				return;
			case NUMBERS.send:
				return this.#send();
			case NUMBERS.status:
				return this.#add({ kind: "status", code: this.#name(), level: this.#left > 0 ? this.#name() : "error" });
			case NUMBERS.clear:
				return this.#add({ kind: "clear" });
			case NUMBERS.remove:
				return this.#add({ kind: "remove", name: this.#name() });
			case NUMBERS["request-remove"]:
				return this.#add({ kind: "request-remove", name: this.#name() });
			case NUMBERS["use-success"]:
				return this.#add({ kind: "use-success" });
			case NUMBERS["slot-version"]: {
				const name = this.#name();
				if (this.#left < 4) throw this.#malformed("A slot's version is missing");
				return this.#add({ kind: "slot-version", name, version: this.#source.input.u32() });
			}
			case NUMBERS["change-echo"]:
				return this.#slot("change-echo", "success");
			case NUMBERS["request-clear"]:
				return this.#add({ kind: "request-clear" });
			default:
				// What it says is not known; that it came counts, for such events cost too.
				if (++this.#unknown > this.#limits.events) throw this.#tooLarge(`${this.#limits.events} unknown events`);
		}
	}

	/** @param without what it is where the value is missing */
	#slot(kind: "request-change" | "change" | "change-echo", without: "request-remove" | "remove" | "success"): void {
		const name = this.#name();
		if (this.#left <= 0) this.#add({ kind: without, name });
		else this.#add({ kind, name, value: this.#values().read() });
	}

	#send(): void {
		const values = this.#values();
		const list: AmfValue[] = [];
		while (this.#left > 0) list.push(values.read());
		const [handler, ...args] = list;
		if (typeof handler !== "string") throw this.#malformed("A call names no handler");
		if (handler.length > this.#limits.nameBytes)
			throw this.#tooLarge(`A handler's name has ${handler.length} characters`);
		this.#add({ kind: "send", handler, args });
	}

	#add(event: SharedObjectEvent): void {
		this.#events.push(event);
		if (this.#events.length > this.#limits.events) throw this.#tooLarge(`${this.#limits.events} events`);
	}

	/** Bytes of the event that are not read yet. */
	get #left(): number {
		return this.#end - this.#source.input.position;
	}

	#name(): string {
		const { input } = this.#source;
		if (this.#left < 2) throw this.#malformed("A name is missing");
		const length = input.u16();
		if (length > this.#left) throw this.#malformed(`A name of ${length} bytes has ${this.#left}`);
		if (length > this.#limits.nameBytes) throw this.#tooLarge(`A name has ${length} bytes`);
		return input.utf8(length);
	}

	#values(): Amf0Reader {
		return new Amf0Reader(this.#source);
	}

	#malformed(detail: string): PeerError {
		const at = this.#source.input.position;
		return new PeerError("MESSAGE_MALFORMED", `${detail}, at byte ${at} of a shared object message.`, at);
	}

	#tooLarge(detail: string): LimitError {
		const at = this.#source.input.position;
		return new LimitError("SHARED_OBJECT_TOO_LARGE", `${detail}, at byte ${at}.`, at);
	}
}
