import type { HttpLoader, HttpRequest } from "./http-loader.ts";
import type { NativeAccessor, ScriptObject, ScriptValue } from "./native-class.ts";
import type { ScriptRealm } from "./script-realm.ts";

/** What `LoadVars` and `XML` know of their exchanges with web servers. */
type HttpState = {
	contentType: string;
	/** `undefined`: nothing was asked for yet. */
	loaded: boolean | undefined;
	readonly headers: [name: string, value: string][];
	bytesLoaded: number | undefined;
	bytesTotal: number | undefined;
};

/** One object's answer may go to an object of the other class, so both keep their states here. */
const STATES = new WeakMap<ScriptObject, HttpState>();
const FORM = "application/x-www-form-urlencoded";
/** What is sent in requests is for this server, or for its connections, to say. */
const KEPT_HEADERS =
	/^(connection|content-length|content-type|expect|host|keep-alive|te|trailer|transfer-encoding|upgrade)$/i;

/** The members that `LoadVars` and `XML` share: whatever has to do with HTTP. */
export class HttpMembers {
	readonly #realm: ScriptRealm;
	readonly #loader: HttpLoader;

	constructor(realm: ScriptRealm, loader: HttpLoader) {
		this.#realm = realm;
		this.#loader = loader;
	}

	/** `addRequestHeader`, `getBytesLoaded`, `getBytesTotal`. */
	readonly methods: Record<string, (self: ScriptObject, args: readonly ScriptValue[]) => ScriptValue> = {
		addRequestHeader: (self, [names, value]) => {
			const { headers } = stateOf(self);
			// A list holds names and values by turns.
			const list = typeof names === "object" && names !== null ? listOf(names) : [names, value];
			for (let index = 0; index + 1 < list.length; index += 2) {
				const name = String(list[index]);
				if (!KEPT_HEADERS.test(name)) headers.push([name, String(list[index + 1])]);
			}
		},
		getBytesLoaded: self => stateOf(self).bytesLoaded,
		getBytesTotal: self => stateOf(self).bytesTotal,
	};

	/** `contentType`, `loaded`. */
	readonly accessors: Record<string, NativeAccessor> = {
		contentType: {
			get: self => stateOf(self).contentType,
			set: (self, value) => {
				stateOf(self).contentType = String(value);
			},
		},
		loaded: {
			get: self => stateOf(self).loaded,
			set: (self, value) => this.setLoaded(self, Boolean(value)),
		},
	};

	/** Makes an object one that has these members. */
	add(self: ScriptObject): void {
		const state = { contentType: FORM, loaded: undefined, headers: [], bytesLoaded: undefined, bytesTotal: undefined };
		STATES.set(self, state);
	}

	setLoaded(self: ScriptObject, loaded: boolean): void {
		stateOf(self).loaded = loaded;
	}

	/**
	 * Asks for an address on behalf of `self`; posts `body`, where there is one. The answer goes to `target`'s
	 * `onHTTPStatus` and `onData`. Returns whether a request is under way.
	 */
	request(self: ScriptObject, target: ScriptValue, url: ScriptValue, body?: string): boolean {
		const { headers, contentType } = stateOf(self);
		const to = typeof target === "object" && target !== null ? target : undefined;
		const state = to && STATES.get(to);
		if (state !== undefined) Object.assign(state, { loaded: false, bytesLoaded: undefined, bytesTotal: undefined });
		const request = requestOf(String(url), headers, contentType, body);
		if (request === undefined) return false;
		return this.#loader.load(request, {
			onStatus: status => to && this.#realm.invoke(to, "onHTTPStatus", [status]),
			onProgress(loaded, total) {
				if (state !== undefined) Object.assign(state, { bytesLoaded: loaded, bytesTotal: total });
			},
			onText: text => to && this.#realm.invoke(to, "onData", [text]),
		});
	}
}

/** `undefined`: a header has a name or a value that cannot be sent. */
function requestOf(
	url: string,
	added: readonly [string, string][],
	contentType: string,
	body: string | undefined,
): HttpRequest | undefined {
	try {
		const headers = new Headers([...added]);
		if (body === undefined) return { url, method: "GET", headers };
		headers.set("content-type", contentType);
		return { url, method: "POST", headers, body };
	} catch {
		return undefined;
	}
}

function listOf(object: ScriptObject): unknown[] {
	return Array.from({ length: Number(Reflect.get(object, "length")) || 0 }, (_, index) => Reflect.get(object, index));
}

function stateOf(self: ScriptObject): HttpState {
	const state = STATES.get(self);
	if (state === undefined) throw new TypeError("The object is neither a LoadVars nor an XML.");
	return state;
}
