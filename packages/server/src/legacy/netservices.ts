import type { ScriptFunction, ScriptObject, ScriptRealm, ScriptValue } from "../script/index.ts";
import { defineRecordSet, type RecordSets } from "./record-set.ts";

/** Where gateways are, as the library of the old server said it: its own version, which clients of gateways are told. */
const VERSION = "1,0,0,0";

type Members = Record<string, ScriptValue>;

/**
 * What `load("netservices.asc")` gives a script (Flash Remoting): `NetServices`, `getService` of connections, and the
 * record sets that gateways answer with.
 */
export function defineNetServices(realm: ScriptRealm): void {
	const global = realm.global as Members;
	const NetConnection = global["NetConnection"] as ScriptFunction;
	let defaultUrl: string | undefined;

	const services = realm.defineClass({
		name: "NetServices",
		statics: {
			setDefaultGatewayUrl([url]) {
				defaultUrl = String(url);
			},
			createGatewayConnection([given]) {
				const url = typeof given === "string" ? given : defaultUrl;
				if (url === undefined) {
					realm.trace("NetServices: no gateway is given, and there is no default one.");
					return undefined;
				}
				const connection = realm.construct(NetConnection);
				realm.invoke(connection, "connect", [url], "NetServices.createGatewayConnection");
				return connection;
			},
			getVersion: () => VERSION,
		},
	});
	// Nobody makes one.
	Reflect.deleteProperty(services, "prototype");

	const { prototype } = NetConnection as unknown as { readonly prototype: ScriptObject };
	const addMethod = (name: string, call: (self: ScriptObject, args: readonly ScriptValue[]) => ScriptValue): void => {
		const value = realm.makeFunction(name, (self, args) => call(self as ScriptObject, args));
		Object.defineProperty(prototype, name, { value, writable: true, enumerable: false, configurable: true });
	};
	const tables = defineRecordSet(realm);
	addMethod("getService", (connection, [name, client]) => {
		return makeService({ realm, tables, connection, name: String(name) }, client);
	});
	addMethod("setCredentials", (connection, [userid, password]) => {
		const credentials = realm.newObject({ userid: String(userid), password: String(password) });
		return realm.invoke(connection, "addHeader", ["Credentials", false, credentials], "setCredentials").value;
	});
}

/** A service of a gateway. */
type Service = {
	readonly realm: ScriptRealm;
	readonly tables: RecordSets;
	readonly connection: ScriptObject;
	readonly name: string;
};

/** A service's object: whatever method is called of it, is called at the gateway. */
function makeService(service: Service, client: ScriptValue): ScriptObject {
	const { realm, connection, name } = service;
	const calls = new Map<string, ScriptFunction>();
	const callOf = (method: string): ScriptFunction => {
		let call = calls.get(method);
		if (call === undefined) {
			call = realm.makeFunction(method, (_self, args) => {
				const [first, ...rest] = args;
				const target = `${name}.${method}`;
				// Who gave nobody to answer to, gives him with each call.
				const isOwn = isObject(client);
				const answered = isOwn ? client : isAnswered(first) ? first : undefined;
				const responder = answered === undefined ? null : makeResponder(service, answered, isOwn ? method : "");
				const values = isOwn || answered === undefined ? args : rest;
				return realm.invoke(connection, "call", [target, responder, ...values], target).value;
			});
			calls.set(method, call);
		}
		return call;
	};
	return new Proxy(realm.newObject({}), {
		get(object, key, receiver) {
			if (typeof key === "symbol" || Reflect.has(object, key)) return Reflect.get(object, key, receiver) as unknown;
			return callOf(key);
		},
	});
}

/**
 * Answers go to `method_Result` and `method_Status` of whoever is to have them, where a method is given, or to its
 * `onResult` and `onStatus`. A table learns where its other rows are.
 */
function makeResponder({ realm, tables, connection, name }: Service, to: ScriptObject, method: string): ScriptObject {
	const answer = (own: string, common: string) =>
		realm.makeFunction(common, (_self, [value]) => {
			tables.attach(value, connection);
			const names = method === "" ? [common] : [`${method}_${own}`, common];
			const isTold = names.some(each => realm.invoke(to, each, [value], each).called);
			if (!isTold) realm.trace(`NetServices: nobody takes ${names[0]} of ${name}.`);
		});
	return realm.newObject({ onResult: answer("Result", "onResult"), onStatus: answer("Status", "onStatus") });
}

function isObject(value: ScriptValue): value is ScriptObject {
	return (typeof value === "object" && value !== null) || typeof value === "function";
}

function isAnswered(value: ScriptValue): value is ScriptObject {
	return isObject(value) && typeof (value as Members)["onResult"] === "function";
}
