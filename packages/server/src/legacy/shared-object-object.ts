import type { AmfValue } from "@millrace/core/amf";
import { FileError, MillraceError } from "@millrace/core/fault";
import { netStatus, type StatusCode } from "@millrace/core/rtmp";
import type { SharedObjectSync } from "@millrace/core/shared-object";
import { SharedObjectProxy } from "../application/index.ts";
import type { ScriptObject, ScriptValue } from "../script/index.ts";
import type { LegacyInstance } from "./legacy-instance.ts";
import { connectedTo, connectionOf } from "./net-connection-object.ts";
import { ProxiedSharedObject, type SharedObjectFace } from "./shared-object-face.ts";
import { infoOf } from "./status-info.ts";

type Host = {
	readonly face: SharedObjectFace;
	/** What the script has seen of slots: it gets the same object as long as nobody else has changed the slot. */
	readonly seen: Map<string, { readonly amf: AmfValue; readonly value: ScriptValue }>;
	/** The connection to the application that owns it; `undefined`: this instance does. */
	readonly owner: ScriptObject | undefined;
	close(): void;
	isClosed: boolean;
};

/** What only the server calls. */
const EVENTS: ReadonlySet<string> = new Set(["onSync", "onStatus"]);

/** Defines the class `SharedObject` (Server-Side ActionScript). */
export function defineSharedObject(instance: LegacyInstance): void {
	const { realm, app } = instance;
	const hosts = new WeakMap<ScriptObject, Host>();
	/** By their names, those of other servers too. */
	const objects = new Map<string, ScriptObject>();

	const hostOf = (self: ScriptObject): Host => {
		const host = hosts.get(self);
		if (host === undefined) throw new TypeError("It is no object of the class SharedObject.");
		return host;
	};

	const report = (code: StatusCode, text: string, name: string): null => {
		instance.reportStatus(instance.application, infoOf(netStatus(code, text, { details: name })));
		return null;
	};

	const listenerOf = (object: ScriptObject, name: string) => ({
		onSync(list: readonly SharedObjectSync[]) {
			const items = list.map(({ code, name, oldValue }) =>
				realm.newObject({ code, ...(name !== undefined && { name }), oldValue: realm.toScript(oldValue) }),
			);
			realm.invoke(object, "onSync", [realm.newArray(items)], "SharedObject.onSync");
		},
		onSend(handler: string, args: readonly AmfValue[]) {
			const values = args.map(value => realm.toScript(value));
			const found = EVENTS.has(handler) ? undefined : instance.remoteMethods.find(object, handler);
			if (found !== undefined) realm.invokeFunction(found.call, found.self, values, `${name} ${handler}`);
		},
		onStatus(status: Parameters<typeof infoOf>[0]) {
			instance.reportStatus(object, infoOf(status));
		},
	});

	/** The script's object for one of the instance's, or of another server's: both have the same listeners. */
	const hold = (name: string, listened: ReturnType<typeof open>, owner: ScriptObject | undefined): ScriptObject => {
		const object = realm.instantiate(type);
		const { onSync, onSend, onStatus } = listenerOf(object, name);
		listened.onSync = onSync;
		listened.onSend = onSend;
		listened.onStatus = onStatus;
		const face = listened instanceof SharedObjectProxy ? new ProxiedSharedObject(listened) : listened;
		hosts.set(object, { face, seen: new Map(), owner, isClosed: false, close: () => void objects.delete(name) });
		objects.set(name, object);
		return object;
	};

	const open = (name: string, persistent: boolean, owner: ScriptObject | undefined) =>
		owner === undefined
			? app.sharedObjects.get(name, { persistent })
			: app.sharedObjects.proxy(name, { persistent, from: connectionOf(owner)! });

	const get = (name: string, persistent: boolean, from: ScriptObject | undefined): ScriptObject | null => {
		const known = objects.get(name);
		if (known !== undefined) {
			const { owner } = hostOf(known);
			// One of another server keeps its name for all who ask.
			if (owner !== undefined && (from === undefined || isSame(owner, from))) return known;
			const isLost = owner !== undefined && connectedTo(owner) === undefined;
			if (isLost) close(hostOf(known));
			else if (owner !== from) {
				return report("SharedObject.UriMismatch", `${name} is another application's here.`, name);
			}
		}
		try {
			const opened = open(name, persistent, from);
			return objects.get(name) ?? hold(name, opened, from);
		} catch (error) {
			if (!(error instanceof MillraceError)) throw error;
			const isOther = error.code === "SHARED_OBJECT_PERSISTENCE";
			return report(isOther ? "SharedObject.BadPersistence" : "SharedObject.ObjectCreationFailed", error.message, name);
		}
	};

	const close = (host: Host): void => {
		if (host.isClosed) return;
		host.isClosed = true;
		host.close();
		host.face.close();
	};

	/** What the disk says comes later. */
	const store = (self: ScriptObject, work: Promise<unknown>): void => {
		work.catch((error: unknown) => {
			const text = error instanceof FileError ? error.message : String(error);
			instance.reportStatus(self, infoOf(netStatus("SharedObject.Flush.Failed", text)));
		});
	};

	const type = realm.defineClass({
		name: "SharedObject",
		statics: {
			get([name, persistence, connection]) {
				if (typeof name !== "string") return null;
				const persistent = persistence === true || (typeof persistence === "string" && persistence !== "");
				if (typeof connection !== "object" || connection === null) return get(name, persistent, undefined);
				if (connectedTo(connection) !== undefined) return get(name, persistent, connection);
				return report("SharedObject.ObjectCreationFailed", "The connection is not open.", name);
			},
			commit([name]) {
				store(instance.application, app.sharedObjects.commit(typeof name === "string" ? name : undefined));
				return true;
			},
		},
		methods: {
			getProperty(self, [key]) {
				const { face, seen } = hostOf(self);
				const amf = face.get(String(key));
				const known = seen.get(String(key));
				if (known !== undefined && known.amf === amf) return known.value;
				const value = realm.toScript(amf);
				if (typeof value === "object" && value !== null) seen.set(String(key), { amf, value });
				else seen.delete(String(key));
				return value;
			},
			getPropertyNames: self => realm.newArray(hostOf(self).face.keys),
			size: self => hostOf(self).face.keys.length,
			setProperty(self, [key, value]) {
				const { face, seen, isClosed } = hostOf(self);
				const name = String(key);
				if (isClosed) return false;
				seen.delete(name);
				if (value === null || value === undefined) {
					face.delete(name);
					return true;
				}
				const isSet = face.set(name, realm.fromScript(value));
				if (isSet && typeof value === "object") seen.set(name, { amf: face.get(name), value });
				return isSet;
			},
			send: (self, [handler, ...args]) => call(self, "send", handler, args),
			mark: (self, [handler, ...args]) => call(self, "mark", handler, args),
			clear: self => !hostOf(self).isClosed && hostOf(self).face.clear(),
			purge(self, [version]) {
				hostOf(self).face.purge(Number(version));
				return true;
			},
			lock: self => hostOf(self).face.lock(),
			unlock: self => hostOf(self).face.unlock(),
			flush(self) {
				const { face, isClosed } = hostOf(self);
				if (isClosed) return false;
				store(self, face.flush());
				return true;
			},
			close(self) {
				close(hostOf(self));
			},
		},
		accessors: {
			name: { get: self => hostOf(self).face.name },
			version: { get: self => hostOf(self).face.version },
			isDirty: { get: self => hostOf(self).face.isDirty },
			autoCommit: {
				get: self => hostOf(self).face.autoCommit,
				set(self, value) {
					hostOf(self).face.autoCommit = Boolean(value);
				},
			},
			resyncDepth: {
				get: self => hostOf(self).face.resyncDepth,
				set(self, value) {
					hostOf(self).face.resyncDepth = Number.isFinite(Number(value)) ? Number(value) : -1;
				},
			},
		},
	});

	const call = (
		self: ScriptObject,
		how: "send" | "mark",
		handler: ScriptValue,
		args: readonly ScriptValue[],
	): boolean => {
		const { face, isClosed } = hostOf(self);
		if (isClosed || typeof handler !== "string") return false;
		return face[how](handler, ...args.map(value => realm.fromScript(value)));
	};
}

/** Whether an open connection leads to the application that another open one leads to. */
function isSame(owner: ScriptObject, from: ScriptObject): boolean {
	return owner === from || connectedTo(owner)?.uri === connectedTo(from)?.uri;
}
