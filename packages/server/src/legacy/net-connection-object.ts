import { ArgumentError, FALLBACK_RULES, NetConnection, type NetStatusEvent } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import type { NetStatus } from "@millrace/core/rtmp";
import type { ScriptObject, ScriptValue } from "../script/index.ts";
import type { LegacyInstance } from "./legacy-instance.ts";
import { infoOf } from "./status-info.ts";

type Host = {
	readonly connection: NetConnection;
	/** What `connect` was given behind the address. */
	args: readonly AmfValue[];
	/** From `connect` until it ends. */
	isOpen: boolean;
	/** Statuses of ends that the script has brought about by `close` or another `connect`, and that are on their way. */
	oldEnds: number;
	/** What hears of its end. */
	readonly dependents: Set<ConnectionEnd>;
};

/** Told that a connection has ended. @param isWanted the script has ended it */
type ConnectionEnd = (isWanted: boolean) => void;

const hosts = new WeakMap<ScriptObject, Host>();

/** After these there is no connection any more. */
const ENDS: ReadonlySet<string> = new Set([
	"NetConnection.Connect.Closed",
	"NetConnection.Connect.Failed",
	"NetConnection.Connect.Rejected",
	"NetConnection.Connect.InvalidApp",
]);

/** How a server that connects to another one calls itself: applications tell servers from players by it. */
const SERVER_AGENT = "FlashCom/5.0.3 Millrace";

/** The connection behind a script's object; `undefined`: it is no object of the class `NetConnection`. */
export function connectionOf(object: ScriptValue): NetConnection | undefined {
	return typeof object === "object" && object !== null ? hosts.get(object)?.connection : undefined;
}

/** Where a script's connection leads to, and with what: media goes there by connections of the server's own. */
export function connectedTo(
	object: ScriptValue,
): { readonly uri: string; readonly args: readonly AmfValue[] } | undefined {
	const host = typeof object === "object" && object !== null ? hosts.get(object) : undefined;
	if (!host?.isOpen || isGateway(host.connection.uri)) return undefined;
	return { uri: host.connection.uri, args: host.args };
}

/** Calls `action` when a script's connection ends, until what is returned is called. */
export function whenEnded(object: ScriptObject, action: ConnectionEnd): () => void {
	const { dependents } = hostOf(object);
	dependents.add(action);
	return () => void dependents.delete(action);
}

/** Defines the class `NetConnection` (Server-Side ActionScript): to other servers, and to remoting gateways. */
export function defineNetConnection(instance: LegacyInstance): void {
	const { realm } = instance;
	/** Those that keep something open: gateways are asked call by call. */
	const open = new Set<Host>();
	instance.onClose(() => {
		for (const { connection } of open) connection.close();
	});

	const begin = (host: Host): void => {
		host.isOpen = true;
		if (!isGateway(host.connection.uri)) open.add(host);
	};

	const end = (host: Host, isWanted: boolean): void => {
		host.isOpen = false;
		open.delete(host);
		for (const action of [...host.dependents]) action(isWanted);
	};

	/** What stands is about to be ended by the script. */
	const leave = (host: Host): void => {
		if (host.connection.connected) host.oldEnds++;
		end(host, true);
	};

	const onStatus = (host: Host, { code }: NetStatus): void => {
		if (code === "NetConnection.Connect.Success") begin(host);
		else if (code === "NetConnection.Connect.Closed" && host.oldEnds > 0) host.oldEnds--;
		else if (ENDS.has(code)) end(host, false);
	};

	/** The members that are called with an answer are those of the script's object at that time. */
	const answer = (responder: ScriptObject, name: "onResult" | "onStatus", value: AmfValue): void => {
		const { called } = realm.invoke(responder, name, [realm.toScript(value)], `${name} of a call`);
		if (!called && name === "onStatus") instance.log("warn", `A call failed: ${describe(value)}`);
	};

	realm.defineClass({
		name: "NetConnection",
		construct(self) {
			const connection = new NetConnection({
				flashVersion: SERVER_AGENT,
				// One road: what is tried on others would reach other programs on the host.
				fallback: { ...FALLBACK_RULES.R1, roads: [{ protocol: "rtmp", port: 1935 }] },
				proxy: false,
				warn: text => instance.log("warn", text),
			});
			connection.client = anyMethod((name, args) => {
				const values = args.map(value => realm.toScript(value));
				const found = name === "onStatus" ? undefined : instance.remoteMethods.find(self, name);
				if (found === undefined) throw new Error(`Method not found (${name}).`);
				const { failed, value } = realm.invokeFunction(found.call, found.self, values, name);
				if (failed) throw new Error(`${name} failed.`);
				return realm.fromScript(value);
			});
			const host: Host = { connection, args: [], isOpen: false, oldEnds: 0, dependents: new Set() };
			connection.addEventListener("netStatus", ({ info }: NetStatusEvent) => {
				onStatus(host, info);
				instance.reportStatus(self, infoOf(info));
			});
			hosts.set(self, host);
			instance.setRemote(self, connection);
		},
		methods: {
			connect(self, [uri, ...args]) {
				const host = hostOf(self);
				leave(host);
				host.args = args.map(value => realm.fromScript(value));
				try {
					const isBegun = host.connection.connect(uri === null ? null : String(uri), ...host.args);
					if (uri !== null) begin(host);
					return isBegun;
				} catch (error) {
					if (!(error instanceof ArgumentError)) throw error;
					return false;
				}
			},
			call(self, [name, responder, ...args]) {
				const { connection, isOpen } = hostOf(self);
				if (!isOpen || typeof name !== "string") return false;
				const values = args.map(value => realm.fromScript(value));
				if (typeof responder !== "object" || responder === null) {
					connection.call(name, null, ...values);
					return true;
				}
				const onResult = (value: AmfValue) => answer(responder, "onResult", value);
				const onStatus = (value: AmfValue) => answer(responder, "onStatus", value);
				connection.call(name, { onResult, onStatus }, ...values);
				return true;
			},
			addHeader(self, [name, mustUnderstand = false, value = null]) {
				hostOf(self).connection.addHeader(String(name), mustUnderstand === true, realm.fromScript(value));
				return true;
			},
			close(self) {
				const host = hostOf(self);
				leave(host);
				host.connection.close();
			},
		},
		accessors: {
			isConnected: { get: self => hostOf(self).connection.connected },
			uri: { get: self => hostOf(self).connection.uri },
			objectEncoding: {
				get: self => hostOf(self).connection.objectEncoding,
				set(self, value) {
					hostOf(self).connection.objectEncoding = value as 0 | 3;
				},
			},
		},
	});
}

function hostOf(self: ScriptObject): Host {
	const host = hosts.get(self);
	if (host === undefined) throw new TypeError("It is no object of the class NetConnection.");
	return host;
}

function isGateway(uri: string): boolean {
	return /^https?:/i.test(uri);
}

function describe(info: AmfValue): string {
	if (typeof info !== "object" || info === null) return String(info);
	const { code, description } = info as { readonly code?: unknown; readonly description?: unknown };
	return `${String(code)} ${String(description ?? "")}`.trim();
}

/** An object that has every method, as far as a peer can tell: names are looked up when they are called. */
function anyMethod(call: (name: string, args: readonly AmfValue[]) => unknown): object {
	const value = (name: string | symbol) => ({
		value: (...args: AmfValue[]) => call(String(name), args),
		configurable: true,
		writable: true,
		enumerable: false,
	});
	return new Proxy({}, { getOwnPropertyDescriptor: (_target, name) => value(name) });
}
