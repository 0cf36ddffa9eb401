import { connect, type Socket } from "node:net";
import type { ScriptFunction, ScriptObject } from "./native-class.ts";
import type { ScriptRealm } from "./script-realm.ts";

/** Characters of a message that has not ended yet, as the old server's configuration had it. */
export const DEFAULT_MAX_UNPROCESSED_CHARS = 4096;
/** What a script has sent and the other side has not taken; more ends the connection. */
export const MAX_XML_SOCKET_BACKLOG_BYTES = 8 * 1024 * 1024;
/** Sockets of one instance. */
export const MAX_XML_SOCKETS = 256;

/** How `XMLSocket` behaves. */
export type XmlSocketOptions = {
	/** The highest `maxUnprocessedChars` that a script may set. Default: `DEFAULT_MAX_UNPROCESSED_CHARS`. */
	readonly maxUnprocessedChars?: number;
};

type SocketState = { socket: Socket | undefined; maxUnprocessedChars: number };

/**
 * Defines `XMLSocket`: texts over TCP, each with a NUL behind it. `onData` may be replaced; as it is, it calls `onXML`
 * with the text as an object of the class `xml`. A message that does not end within `maxUnprocessedChars` closes the
 * socket. `onClose` tells that the other side closed, or that the socket failed; not of `close()`.
 */
export function defineXmlSocket(realm: ScriptRealm, xml: ScriptFunction, options: XmlSocketOptions = {}): void {
	const cap = options.maxUnprocessedChars ?? DEFAULT_MAX_UNPROCESSED_CHARS;
	const states = new WeakMap<ScriptObject, SocketState>();
	const open = new Set<Socket>();
	const stateOf = (self: ScriptObject) => {
		const state = states.get(self);
		if (state === undefined) throw new TypeError("The object is no XMLSocket.");
		return state;
	};
	let isClosed = false;
	realm.onClose(() => {
		isClosed = true;
		for (const socket of open) socket.destroy();
	});
	realm.defineClass({
		name: "XMLSocket",
		construct: self => states.set(self, { socket: undefined, maxUnprocessedChars: cap }),
		methods: {
			connect: (self, [host, port]) => {
				const state = stateOf(self);
				const number = Number(port);
				if (!Number.isInteger(number) || number < 1 || number > 65_535) return false;
				if (isClosed || open.size >= MAX_XML_SOCKETS) return false;
				state.socket?.destroy();
				const socket = connect({ host: host ? String(host) : "127.0.0.1", port: number });
				state.socket = socket;
				open.add(socket);
				// The script may have closed it, or opened another in its place, by the time that it says something.
				listen(realm, self, state, socket, () => !isClosed && state.socket === socket);
				socket.once("close", () => open.delete(socket));
				return true;
			},
			send: (self, [value]) => {
				const { socket } = stateOf(self);
				if (socket === undefined || socket.pending || !socket.writable) return false;
				socket.write(`${String(value)}\0`);
				if (socket.writableLength > MAX_XML_SOCKET_BACKLOG_BYTES) socket.destroy();
				return !socket.destroyed;
			},
			close: self => {
				const state = stateOf(self);
				const { socket } = state;
				state.socket = undefined;
				socket?.end();
				return socket !== undefined;
			},
			onData: (self, [text]) => {
				realm.invoke(self, "onXML", [realm.construct(xml, text)]);
			},
		},
		accessors: {
			maxUnprocessedChars: {
				get: self => stateOf(self).maxUnprocessedChars,
				set: (self, value) => {
					const number = Number(value);
					stateOf(self).maxUnprocessedChars = number > 0 && number < cap ? number : cap;
				},
			},
		},
	});
}

function listen(
	realm: ScriptRealm,
	self: ScriptObject,
	state: SocketState,
	socket: Socket,
	isCurrent: () => boolean,
): void {
	const decoder = new TextDecoder();
	let isConnected = false;
	let rest = "";
	socket.setNoDelay(true);
	socket.on("connect", () => {
		isConnected = true;
		if (isCurrent()) realm.invoke(self, "onConnect", [true]);
	});
	socket.on("data", (bytes: Buffer) => {
		const messages = (rest + decoder.decode(bytes, { stream: true })).split("\0");
		rest = messages.pop()!;
		for (const message of messages) if (isCurrent()) realm.invoke(self, "onData", [message]);
		if (rest.length > state.maxUnprocessedChars) socket.destroy();
	});
	// What failed is told by what follows.
	socket.on("error", () => {});
	socket.on("end", () => socket.end());
	socket.on("close", () => {
		if (!isCurrent()) return;
		state.socket = undefined;
		if (isConnected) realm.invoke(self, "onClose", []);
		else realm.invoke(self, "onConnect", [false]);
	});
}
