import { ArgumentError, FALLBACK_RULES, NetConnection, type NetStatusEvent } from "@millrace/client";
import type { AmfValue } from "@millrace/core/amf";
import type { ScriptObject, ScriptValue } from "../script/index.ts";
import type { LegacyInstance } from "./legacy-instance.ts";
import { infoOf } from "./status-info.ts";

type Host = {
	readonly connection: NetConnection;
	/** What `connect` was given behind the address. */
	args: readonly AmfValue[];
};

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
	if (host === undefined || host.connection.uri === "") return undefined;
	return { uri: host.connection.uri, args: host.args };
}

/** Defines the class `NetConnection` (Server-Side ActionScript): to other servers, and to remoting gateways. */
export function defineNetConnection(instance: LegacyInstance): void {
	const { realm } = instance;
	const open = new Set<NetConnection>();
	instance.onClose(() => {
		for (const connection of open) connection.close();
	});

	/** The members that are called with an answer are those of the script's object at that time. */
	const answer = (responder: ScriptObject, name: string, value: AmfValue): void => {
		if (name === "onStatus") {
			const { called } = realm.invoke(responder, name, [realm.toScript(value)], `${name} of a call`);
			if (called) return;
			instance.log("warn", `A call failed: ${describe(value)}`);
			return;
		}
		realm.invoke(responder, name, [realm.toScript(value)], `${name} of a call`);
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
			connection.addEventListener("netStatus", ({ info }: NetStatusEvent) => {
				if (ENDS.has(info.code)) open.delete(connection);
				instance.reportStatus(self, infoOf(info));
			});
			hosts.set(self, { connection, args: [] });
			instance.setRemote(self, connection);
		},
		methods: {
			connect(self, [uri, ...args]) {
				const host = hostOf(self);
				host.args = args.map(value => realm.fromScript(value));
				// Gateways are asked call by call: nothing of them is open.
				if (!/^https?:/i.test(String(uri))) open.add(host.connection);
				try {
					return host.connection.connect(uri === null ? null : String(uri), ...host.args);
				} catch (error) {
					if (!(error instanceof ArgumentError)) throw error;
					open.delete(host.connection);
					return false;
				}
			},
			call(self, [name, responder, ...args]) {
				const { connection } = hostOf(self);
				if (connection.uri === "" || typeof name !== "string") return false;
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
				const { connection } = hostOf(self);
				open.delete(connection);
				connection.close();
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
