import type { HttpLoader } from "./http-loader.ts";
import { HttpMembers } from "./http-members.ts";
import type { ScriptObject, ScriptValue } from "./native-class.ts";
import type { ScriptRealm } from "./script-realm.ts";
import { formatVariables, parseVariables } from "./variables.ts";

/**
 * Defines `LoadVars`: variables that are sent to and loaded from a web server, each a property of the object. What is
 * sent are its own enumerable properties but functions. `onData` may be replaced; as it is, it takes the variables
 * apart, sets `loaded` and calls `onLoad`.
 */
export function defineLoadVars(realm: ScriptRealm, loader: HttpLoader): void {
	const http = new HttpMembers(realm, loader);
	const send = (self: ScriptObject, target: ScriptValue, url: ScriptValue, method: ScriptValue) => {
		const text = formatVariables(variablesOf(self));
		if (!/^get$/i.test(String(method))) return http.request(self, target, url, text);
		const joint = String(url).includes("?") ? "&" : "?";
		return http.request(self, target, text === "" ? url : `${String(url)}${joint}${text}`);
	};
	realm.defineClass({
		name: "LoadVars",
		construct: self => http.add(self),
		methods: {
			...http.methods,
			decode: (self, [text]) => decode(realm, self, String(text ?? "")),
			toString: (self: ScriptObject) => formatVariables(variablesOf(self)),
			load: (self, [url]) => http.request(self, self, url),
			// Players have a window as second parameter; it may be left out.
			send: (self, [url, target, method]) => send(self, undefined, url, method ?? target),
			sendAndLoad: (self, [url, target, method]) => send(self, target, url, method),
			onData: (self, [text]) => {
				const isLoaded = typeof text === "string";
				if (isLoaded) {
					decode(realm, self, text);
					http.setLoaded(self, true);
				}
				realm.invoke(self, "onLoad", [isLoaded]);
			},
		},
		accessors: http.accessors,
	});
}

function variablesOf(self: ScriptObject): [string, string][] {
	return Object.entries(self)
		.filter(([, value]) => typeof value !== "function")
		.map(([name, value]) => [name, String(value)]);
}

/** Sets each variable, also one that a member of the class hides. */
function decode(realm: ScriptRealm, self: ScriptObject, text: string): void {
	for (const [name, value] of parseVariables(text)) {
		realm.setOwn(self, name, value);
	}
}
