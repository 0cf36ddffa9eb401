import { type NetStatus, netStatus } from "@millrace/core/rtmp";
import type { RecordMode, StreamGatherOptions } from "../application/index.ts";
import type { ScriptObject, ScriptValue } from "../script/index.ts";
import type { LegacyInstance, StreamObjects } from "./legacy-instance.ts";
import { connectedTo, whenEnded } from "./net-connection-object.ts";
import { infoOf } from "./status-info.ts";
import { parseScriptName, type StreamHost, StreamTable, serverName } from "./stream-table.ts";

const hosts = new WeakMap<ScriptObject, StreamHost>();

/** The stream behind a script's object; `undefined`: it is no object of the class `Stream`. */
export function streamHost(object: ScriptValue): StreamHost | undefined {
	return typeof object === "object" && object !== null ? hosts.get(object) : undefined;
}

/** Defines the class `Stream` (Server-Side ActionScript). */
export function defineStream(instance: LegacyInstance): StreamObjects {
	const { realm, app } = instance;
	const table: StreamTable = new StreamTable(app.streams, host => {
		const object = realm.instantiate(type);
		hosts.set(object, host);
		host.stream.onStatus = status => {
			if (status.code === "NetStream.Publish.Start") table.begun(host.bareName);
			for (const [sharing, each] of table.sharing(host.stream)) tell(sharing, each, status);
		};
		return object;
	});

	const tell = (host: StreamHost, object: ScriptObject, status: NetStatus): void => {
		const { code } = status;
		// What was ended and begun again is told late of the end.
		if (code === "NetStream.Play.Start") host.plays = true;
		else if (code === "NetStream.Play.Stop" || code === "NetStream.Publish.BadName") host.plays = false;
		else if (code === "NetStream.Record.Start") host.records = true;
		else if (code === "NetStream.Record.Stop" || code === "NetStream.Record.Failed") host.records = false;
		instance.reportStatus(object, infoOf(status));
	};

	/** What a stream is packaged or recorded from is the stream itself: nothing is copied, and the script hears what it expects. */
	const tellItPlays = (self: ScriptObject, details: string, isReset: boolean): void => {
		setImmediate(() => {
			const say = (code: "NetStream.Play.Reset" | "NetStream.Play.Start", text: string) =>
				instance.reportStatus(self, infoOf(netStatus(code, `${text} ${details}.`, { details })));
			if (isReset) say("NetStream.Play.Reset", "Playing and resetting");
			say("NetStream.Play.Start", "Started playing");
		});
	};

	const play = (self: ScriptObject, args: readonly ScriptValue[]): boolean => {
		const host = hostOf(self);
		const [name, from, length, reset = true, connection, key] = args;
		if (host.isDestroyed) return false;
		if (name === false) {
			host.leave?.();
			host.plays = false;
			host.stream.stop();
			return true;
		}
		const source = parseScriptName(name);
		if (source === undefined) return false;
		const start = numberOr(from, -2);
		const how = typeof reset === "number" ? reset : Boolean(reset);
		const isReset = how === true || how === 1 || how === 3;
		const options = { start, length: numberOr(length, -1), reset: how, virtualKey: keyOf(key) };
		if (connection !== undefined && connection !== null) {
			const remote = connectedTo(connection);
			if (remote === undefined) return false;
			host.leave?.();
			host.leave = whenEnded(connection, isWanted => {
				// What was lost comes back by itself.
				if (!isWanted) return;
				host.leave?.();
				host.stream.stop();
			});
			host.plays = true;
			host.stream.play(serverName(source), { ...options, from: remote.uri, args: remote.args });
			return true;
		}
		const isOwn = host.prefix !== "" && source.bareName === host.bareName && source.prefix !== host.prefix;
		const isLive = start === -1 || (start < 0 && (host.prefix === "f4f" || table.isPublished(source.bareName)));
		if (isReset) host.leave?.();
		if (isOwn && isLive) {
			tellItPlays(self, String(name), isReset);
			return true;
		}
		host.plays = true;
		host.stream.play(serverName(source), options);
		return true;
	};

	const record = (self: ScriptObject, [mode = "record", seconds, kilobytes]: readonly ScriptValue[]): boolean => {
		const host = hostOf(self);
		if (host.isDestroyed) return false;
		if (mode === false) {
			host.records = false;
			host.stream.stopRecording();
			return true;
		}
		if (!isRecordMode(mode)) return false;
		host.records = true;
		const limits = { maxSeconds: numberOr(seconds, -1), maxKilobytes: numberOr(kilobytes, -1) };
		host.stream.record(mode, { ...limits, syncWrite: host.syncWrite });
		return true;
	};

	const type = realm.defineClass({
		name: "Stream",
		statics: {
			get([text]) {
				const name = parseScriptName(text);
				return name === undefined ? null : table.get(name);
			},
			destroy([object]) {
				const host = streamHost(object);
				if (host !== undefined && !host.isDestroyed) table.remove(host);
			},
			length: ([text, key]) => ask(text, 0, name => app.streams.lengthNow(name, keyOf(key))),
			size: ([text, key]) => ask(text, 0, name => app.streams.sizeNow(name, keyOf(key))),
			setVirtualPath: ([path, folder, key]) => app.streams.addDirectoryNow(String(path), String(folder), keyOf(key)),
			getOnMetaData: ([text]) => ask(text, undefined, name => realm.toScript(app.streams.metadataNow(name))),
		},
		methods: {
			play,
			record,
			send(self, [handler, ...args]) {
				const { isDestroyed, stream } = hostOf(self);
				if (isDestroyed || typeof handler !== "string") return false;
				stream.send(handler, ...args.map(value => realm.fromScript(value)));
				return true;
			},
			clear(self) {
				const { isDestroyed, stream } = hostOf(self);
				if (!isDestroyed) stream.clear();
				return !isDestroyed;
			},
			flush(self) {
				const { isDestroyed, stream } = hostOf(self);
				if (!isDestroyed) stream.flush();
				return !isDestroyed;
			},
			setBufferTime(self, [seconds]) {
				const host = hostOf(self);
				host.bufferSeconds = Math.max(0, numberOr(seconds, 0));
				host.stream.setBufferTime(host.bufferSeconds);
				return true;
			},
		},
		accessors: {
			name: { get: self => hostOf(self).bareName },
			type: { get: self => hostOf(self).prefix || "flv" },
			time: { get: self => app.streams.timeNow(hostOf(self).bareName) },
			bufferTime: { get: self => hostOf(self).bufferSeconds },
			publishQueryString: { get: self => hostOf(self).query },
			syncWrite: field("syncWrite", Boolean),
			liveEvent: field("liveEvent", value => value),
			maxQueueDelay: gathered("maxMillis", 500),
			maxQueueSize: gathered("maxBytes", 4096),
			receiveAudio: { get: self => hostOf(self).hears, set: (self, value) => receive(self, { hears: Boolean(value) }) },
			receiveVideo: { get: self => hostOf(self).sees, set: (self, value) => receive(self, { sees: Boolean(value) }) },
		},
	});
	return {
		get(text) {
			const name = parseScriptName(text);
			if (name === undefined) throw new Error(`No stream can be called ${text}.`);
			return table.get(name);
		},
		publish: use => table.publish(use),
		unpublish: use => table.unpublish(use),
	};
}

/** Asks about a recording or file; `none` where no stream can be called so. */
function ask<T>(text: ScriptValue, none: T, question: (name: string) => T): T {
	const name = parseScriptName(text);
	return name === undefined ? none : question(serverName(name));
}

/** A virtual key; empty: none. */
function keyOf(value: ScriptValue): string {
	return typeof value === "string" ? value : "";
}

function hostOf(self: ScriptObject): StreamHost {
	const host = hosts.get(self);
	if (host === undefined) throw new TypeError("It is no object of the class Stream.");
	return host;
}

/** A member that is kept as the script sets it. */
function field<Name extends "syncWrite" | "liveEvent">(name: Name, convert: (value: ScriptValue) => StreamHost[Name]) {
	return {
		get: (self: ScriptObject): ScriptValue => hostOf(self)[name],
		set(self: ScriptObject, value: ScriptValue): void {
			hostOf(self)[name] = convert(value);
		},
	};
}

/**
 * A bound of what is gathered. `old` is what the old server began with: it is told, though ours holds, until the script
 * sets one.
 */
function gathered(bound: keyof StreamGatherOptions, old: number) {
	return {
		get: (self: ScriptObject): ScriptValue => hostOf(self).gather[bound] ?? old,
		set(self: ScriptObject, value: ScriptValue): void {
			const host = hostOf(self);
			const amount = numberOr(value, -1);
			if (host.isDestroyed || amount < 0) return;
			host.gather = { ...host.gather, [bound]: amount };
			host.stream.setGather(host.gather);
		},
	};
}

function receive(self: ScriptObject, change: { readonly hears?: boolean; readonly sees?: boolean }): void {
	const host = hostOf(self);
	Object.assign(host, change);
	host.stream.setReceive(host.hears, host.sees);
}

function isRecordMode(mode: ScriptValue): mode is RecordMode {
	return mode === "record" || mode === "append" || mode === "appendWithGap";
}

function numberOr(value: ScriptValue, otherwise: number): number {
	const number = Number(value);
	return value === undefined || value === null || Number.isNaN(number) ? otherwise : number;
}
