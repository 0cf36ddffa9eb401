import { hostname } from "node:os";
import type { AmfValue } from "@millrace/core/amf";
import type { Client } from "../application/index.ts";
import type { NativeClass, ScriptFunction, ScriptObject, ScriptValue } from "../script/index.ts";
import type { Rejection } from "./admission.ts";
import type { LegacyInstance } from "./legacy-instance.ts";
import { namePattern } from "./name-pattern.ts";
import { applicationFigures } from "./stat-names.ts";

/** What the object `application` may do that goes beyond the public API. */
export type ApplicationDeeds = {
	/** The clients that are let in, as the script sees them: one array, which changes with them. */
	readonly clients: ScriptObject;
	/** What `config` holds. */
	readonly config: ScriptObject;
	/** What `allowDebug` is at first. */
	readonly allowDebug: boolean;
	/** Nothing happens where there is a verdict already, or the client has gone. */
	accept(client: Client): void;
	/** The same. */
	reject(client: Client, rejection: Rejection): void;
	disconnect(client: Client): boolean;
	broadcast(name: string, args: readonly AmfValue[]): void;
};

/** As the version that clients are told on `connect`. */
const SERVER_VERSION = "5.0.15";
const PLATFORMS: Readonly<Record<string, string>> = { win32: "WIN", darwin: "MAC" };

/** Server-Side ActionScript, class `Application`: the one object `application` of an instance. */
export function makeApplicationObject(instance: LegacyInstance, deeds: ApplicationDeeds): ScriptObject {
	const { realm, app } = instance;
	const server = `Adobe Media Server-${PLATFORMS[process.platform] ?? "LNX"}/${SERVER_VERSION}`;
	const needClient = (value: ScriptValue, method: string): Client => {
		const client = instance.clientOf(value);
		if (client === undefined) throw new TypeError(`application.${method} needs a Client.`);
		return client;
	};
	const fromScript = (value: ScriptValue) => realm.fromScript(value);
	const methods: NativeClass["methods"] = {
		acceptConnection: (_self, [client]) => {
			deeds.accept(needClient(client, "acceptConnection"));
		},
		rejectConnection: (_self, [client, ...reason]) => {
			deeds.reject(needClient(client, "rejectConnection"), rejectionOf(reason, fromScript));
		},
		redirectConnection: (_self, [client, url, ...reason]) => {
			const rejection = rejectionOf(reason, fromScript);
			const address = typeof url === "string" && url !== "" ? url : undefined;
			deeds.reject(needClient(client, "redirectConnection"), { ...rejection, address });
		},
		disconnect: (_self, [client]) => deeds.disconnect(needClient(client, "disconnect")),
		broadcastMsg: (_self, [name, ...args]) => deeds.broadcast(String(name), args.map(fromScript)),
		clearSharedObjects: (_self, [path]) => app.sharedObjects.clearNow(String(path)),
		clearStreams: (_self, [path]) => clearStreams(instance, String(path)),
		gc: () => undefined,
		getStats: () => realm.toScript(applicationFigures(app.statsNow())),
		registerClass: (_self, [name, type]) => {
			if (type !== null && typeof type !== "function")
				throw new TypeError("registerClass needs a constructor or null.");
			realm.registerClass(String(name), type as ScriptFunction | null);
		},
		registerProxy: (_self, [name, target, method]) => {
			if (target === null || target === undefined) return app.registerProxy(String(name), null);
			const remote = instance.remoteOf(target);
			return remote !== undefined && app.registerProxy(String(name), remote, String(method ?? name));
		},
		shutdown: () => app.shutdown(),
	};
	const type = realm.defineClass({
		name: "Application",
		isHidden: true,
		methods,
		accessors: {
			clients: { get: () => deeds.clients },
			config: { get: () => deeds.config },
			hostname: { get: () => app.virtualHost || hostname() },
			name: { get: () => app.name },
			server: { get: () => server },
		},
	});
	const application = realm.instantiate(type);
	realm.setOwn(application, "allowDebug", deeds.allowDebug);
	return application;
}

/**
 * `rejectConnection(client, error)` of the first server, and `(client, description, error)` of later ones. A text alone
 * is both: scripts of either kind read it where they expect it.
 */
function rejectionOf(reason: readonly ScriptValue[], fromScript: (value: ScriptValue) => AmfValue): Rejection {
	const [description] = reason;
	return {
		description: typeof description === "string" ? description : undefined,
		application: fromScript(reason.length >= 2 ? reason[1] : description),
	};
}

/** Deletes recordings by a path, in which `*` and `?` stand for anything. True: there were such. */
function clearStreams({ app, realm, streams }: LegacyInstance, path: string): boolean {
	const matches = namePattern(path);
	const found = app.streams.filesNow().filter(({ name }) => matches(name));
	for (const { name } of found) realm.invoke(streams.get(name), "clear", [], "clearStreams");
	return found.length > 0;
}
