import type { AmfValue } from "../amf/index.ts";

/** Calls a method of the other side. */
type CallRemote = (name: string, args: readonly AmfValue[]) => Promise<AmfValue>;

/**
 * An object whose methods are those of the other side, an application or a client: `remote.sum(1, 2)` calls `sum`, `remote.chat.say("hi")` calls
 * `chat/say`. It takes every name, for only the types know which there are. No method is called `then`, so that the
 * object can be awaited and returned from asynchronous functions.
 */
export function remoteMethods<Remote extends object>(call: CallRemote): Remote {
	return remoteAt(call, "") as Remote;
}

function remoteAt(call: CallRemote, path: string): object {
	const known = new Map<string, object>();
	return new Proxy((...args: AmfValue[]) => call(path, args), {
		get(_target, name) {
			if (typeof name === "symbol" || name === "then") return undefined;
			let found = known.get(name);
			if (found === undefined) {
				found = remoteAt(call, path === "" ? name : `${path}/${name}`);
				known.set(name, found);
			}
			return found;
		},
		apply(target, _this, args: AmfValue[]) {
			if (path === "") throw new TypeError("A method's name is missing.");
			return target(...args);
		},
	});
}
