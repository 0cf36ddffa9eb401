import type { AmfValue } from "@millrace/core/amf";
import {
	type Application,
	type Client,
	type MemoryUse,
	type ProxyTarget,
	reject,
	type StreamUse,
	unknownCall,
} from "../application/index.ts";
import {
	defineStandardClasses,
	type Invoked,
	type ScriptFault,
	type ScriptFunction,
	type ScriptObject,
	ScriptRealm,
	type ScriptValue,
} from "../script/index.ts";
import { defineAbsentMembers } from "./absent-member.ts";
import { Admission, type Rejection, type Verdict } from "./admission.ts";
import { makeApplicationObject } from "./application-object.ts";
import type { ApplicationXml } from "./application-xml.ts";
import { ClientClass } from "./client-object.ts";
import type { LegacyInfo, LegacyInstance, StreamObjects } from "./legacy-instance.ts";
import { defineMediaClasses, MEDIA_LIBRARIES } from "./media-classes.ts";
import { type RemoteMethod, RemoteMethods } from "./remote-method.ts";

export type LegacyRuntimeOptions = {
	readonly app: Application;
	/** The application's folder, absolute. */
	readonly folder: string;
	readonly xml: ApplicationXml;
};

/** An instance of an old application: what happens to it becomes calls of its script. */
export class LegacyRuntime implements LegacyInstance {
	readonly realm: ScriptRealm;
	readonly app: Application;
	readonly application: ScriptObject;
	readonly streams: StreamObjects;
	readonly remoteMethods: RemoteMethods;
	readonly #admission = new Admission();
	readonly #clientClass: ClientClass;
	/** Those who are let in, in the order in which they were, and the script's array of them. */
	readonly #clients: Client[] = [];
	readonly #clientArray: unknown[];
	readonly #turnedAway = new WeakSet<Client>();
	readonly #remotes = new WeakMap<ScriptObject, ProxyTarget>();
	readonly #connectArgs = new WeakMap<Client, readonly ScriptValue[]>();
	/** The framework's events are for those who have loaded it. */
	#hasFramework = false;
	#isReporting = false;
	/** `onAppStop` has been called for want of clients, and no client has come since. */
	#knowsItsEnd = false;

	constructor({ app, folder, xml }: LegacyRuntimeOptions) {
		this.app = app;
		this.realm = new ScriptRealm({
			folder,
			libraries: xml.libraries,
			builtIn: this.#libraries(),
			onFault: (fault, where) => this.#onFault(fault, where),
			trace: text => this.log("info", text),
		});
		this.#clientArray = this.realm.newArray([]) as unknown[];
		this.#clientClass = new ClientClass(this, client => client.isConnected && !this.#turnedAway.has(client));
		const { config, allowDebug } = xml;
		this.application = makeApplicationObject(this, {
			clients: this.#clientArray,
			config: this.realm.toScript({ ...config, ...app.config } as AmfValue) as ScriptObject,
			allowDebug,
			accept: client => this.#accept(client),
			reject: (client, rejection) => this.#reject(client, rejection),
			disconnect: client => this.#disconnect(client),
			broadcast: (name, args) => this.#broadcast(name, args),
		});
		this.realm.setOwn(this.realm.global, "application", this.application);
		this.streams = defineMediaClasses(this);
		const { fileFolders: virtualDirectories, maxUnprocessedChars } = xml;
		defineStandardClasses(this.realm, {
			folder,
			virtualDirectories,
			...(maxUnprocessedChars !== undefined && { maxUnprocessedChars }),
		});
		defineAbsentMembers(this.realm, this.application);
		this.remoteMethods = new RemoteMethods(this.realm, [Object.getPrototypeOf(this.application)]);
	}

	// ── what classes need of each other ──

	clientObject(client: Client): ScriptObject {
		return this.#clientClass.objectOf(client);
	}

	clientOf(object: unknown): Client | undefined {
		return this.#clientClass.clientOf(object);
	}

	setRemote(object: ScriptObject, target: ProxyTarget): void {
		this.#remotes.set(object, target);
	}

	remoteOf(object: unknown): ProxyTarget | undefined {
		return typeof object === "object" && object !== null ? this.#remotes.get(object) : undefined;
	}

	reportStatus(target: ScriptObject, info: LegacyInfo): void {
		const value = this.realm.toScript(info);
		const { called } = this.realm.invoke(target, "onStatus", [value], `onStatus (${info.code})`);
		if (!called && target !== this.application) {
			this.realm.invoke(this.application, "onStatus", [value], `application.onStatus (${info.code})`);
		}
	}

	log(level: "debug" | "info" | "warn" | "error", text: string): void {
		this.app.log[level](text);
	}

	onClose(action: () => void): void {
		this.realm.onClose(action);
	}

	// ── what happens ──

	/** The main file has been run. */
	start(): void {
		this.#event("onAppStart");
	}

	/** The application's memory is nearly used up. */
	tellLowMemory({ usedBytes, limitBytes }: MemoryUse): void {
		const [used, limit] = [usedBytes, limitBytes].map(bytes => Math.round(bytes / 1024 / 1024));
		this.reportStatus(this.application, {
			code: "Application.Resource.LowMemory",
			level: "warning",
			description: `The application uses ${used} of ${limit} MiB of memory.`,
		});
	}

	/** There have been no clients for some time. `false`: the script keeps the instance. */
	isDone(): boolean {
		this.#knowsItsEnd = this.#stop("Application.GC", "The instance has had no clients for some time.");
		return this.#knowsItsEnd;
	}

	/** The instance ends. */
	stop(isIdle: boolean): void {
		if (isIdle && !this.#knowsItsEnd) this.isDone();
		else if (!isIdle) this.#stop("Application.Shutdown", "The instance ends.");
		this.realm.close();
	}

	#stop(code: string, description: string): boolean {
		return this.#event("onAppStop", this.realm.toScript({ code, level: "status", description })).value !== false;
	}

	connect(client: Client, args: readonly AmfValue[]): Verdict | Promise<Verdict> {
		const values = [this.clientObject(client), ...args.map(value => this.realm.toScript(value))];
		this.#connectArgs.set(client, values);
		this.#knowsItsEnd = false;
		this.#admission.begin(client);
		const invoked = this.#event("onConnect", ...values);
		// A number is neither true nor false: the client waits then, as with nothing.
		if (!invoked.called || invoked.value === true) this.#accept(client);
		else if (invoked.value === false) this.#reject(client, {});
		else if (invoked.failed) this.#reject(client, { description: "The application failed." });
		return this.#admission.verdictOf(client);
	}

	disconnect(client: Client): void {
		const index = this.#clients.indexOf(client);
		if (index >= 0) {
			this.#clients.splice(index, 1);
			this.#clientArray.splice(index, 1);
		}
		this.#event("onDisconnect", this.clientObject(client));
	}

	publish(client: Client, stream: StreamUse): void {
		this.#event("onPublish", this.clientObject(client), this.streams.publish(stream));
	}

	unpublish(client: Client, stream: StreamUse): void {
		this.#event("onUnpublish", this.clientObject(client), this.streams.unpublish(stream));
	}

	/** A client calls a method. Returns its result, a promise of it, a refusal, or `unknownCall()`. */
	call(client: Client, name: string, args: readonly AmfValue[]): unknown {
		const object = this.clientObject(client);
		try {
			const method = this.remoteMethods.find(object, name) ?? this.#resolve(object, name);
			if (method === undefined) return unknownCall();
			const values = args.map(value => this.realm.toScript(value));
			const invoked = this.realm.invokeFunction(method.call, method.self, values, name);
			return invoked.failed ? callFailed(invoked.fault) : this.#result(invoked.value, name);
		} catch (error) {
			return callFailed(this.realm.report(error, name));
		}
	}

	#resolve(object: ScriptObject, name: string): RemoteMethod | undefined {
		const { value } = this.realm.invoke(object, "__resolve", [name]);
		return typeof value === "function" ? { call: value as ScriptFunction, self: object } : undefined;
	}

	/** What a method returned, for the client. One that answers later returns an object with a method `then`. */
	#result(value: ScriptValue, name: string): unknown {
		const { realm } = this;
		if (typeof value !== "object" || value === null || typeof (value as { then?: unknown }).then !== "function") {
			return realm.fromScript(value);
		}
		return new Promise<unknown>(resolve => {
			const answer = realm.makeFunction("answer", (_self, [result]) => void resolve(realm.fromScript(result)));
			const failed = realm.makeFunction(
				"fail",
				(_self, [error]) => void resolve(callFailed(realm.report(error, name))),
			);
			const invoked = realm.invoke(value, "then", [answer, failed], name);
			if (invoked.failed) resolve(callFailed(invoked.fault));
		});
	}

	#event(name: string, ...args: readonly ScriptValue[]): Invoked {
		return this.realm.invoke(this.application, name, args, `application.${name}`);
	}

	// ── clients ──

	#accept(client: Client): void {
		if (!client.isConnected || !this.#admission.accept(client)) return;
		this.#clients.push(client);
		this.#clientArray.push(this.clientObject(client));
		this.#tellFramework("onConnectAccept", client);
	}

	#reject(client: Client, rejection: Rejection): void {
		if (!client.isConnected || !this.#admission.reject(client, rejection)) return;
		this.#turnedAway.add(client);
		this.#tellFramework("onConnectReject", client);
	}

	#disconnect(client: Client): boolean {
		if (!client.isConnected || this.#turnedAway.has(client)) return false;
		client.disconnect();
		return true;
	}

	#broadcast(name: string, args: readonly AmfValue[]): void {
		// Those that are let in by this very handler are not known to be so outside yet.
		if (this.app.clients.size === this.#clients.length) this.app.broadcast(name, ...args);
		else for (const client of this.#clients) client.send(name, ...args);
	}

	/** What `load` brings without a file. `components.asc` is the framework, of which there are its two events. */
	#libraries(): ReadonlyMap<string, () => void> {
		const libraries = new Map(
			[...MEDIA_LIBRARIES].map(([name, define]) => [name, () => this.remoteMethods.defineMore(define)]),
		);
		return libraries.set("components.asc", () => {
			this.#hasFramework = true;
		});
	}

	#tellFramework(name: "onConnectAccept" | "onConnectReject", client: Client): void {
		if (this.#hasFramework) this.#event(name, ...(this.#connectArgs.get(client) ?? []));
	}

	// ── faults ──

	#onFault(fault: ScriptFault, where: string): void {
		const place = fault.file === "" ? "" : `${fault.file}:${fault.line}: `;
		this.log("error", `${place}${fault.stack === "" ? fault.message : fault.stack} (${where})`);
		// A handler of faults that is faulty itself has been heard of above.
		if (this.#isReporting) return;
		this.#isReporting = true;
		try {
			this.reportStatus(this.application, {
				code: "Application.Script.Error",
				level: "error",
				description: fault.message,
				error: fault.message,
				filename: fault.file,
				lineno: fault.line,
				linebuf: fault.sourceLine,
			});
		} finally {
			this.#isReporting = false;
		}
	}
}

/** What a client is told of a fault; what a script has thrown on purpose is told in its own words. */
function callFailed({ message }: ScriptFault): ReturnType<typeof reject> {
	return reject(message.replace(/^Error: /, ""));
}
