import type { ScriptObject } from "./native-class.ts";
import type { ScriptRealm } from "./script-realm.ts";

const LEVELS = ["BRIEF", "VERBOSE", "DEBUG"];

/**
 * Defines `Log`, what a `WebService` was given to write to. As there is no `WebService` here, a script calls its
 * methods itself, which the old server's library had too: `logInfo` and `logDebug` hand a line to `onLog` where the
 * level is enough.
 */
export function defineLog(realm: ScriptRealm): void {
	const logs = new WeakMap<ScriptObject, { level: number; name: string }>();
	const write = (self: ScriptObject, level: number, text: unknown) => {
		const log = logs.get(self);
		if (log === undefined) throw new TypeError("The object is no Log.");
		if (level > log.level) return;
		const name = log.name === "" ? "" : `${log.name}: `;
		realm.invoke(self, "onLog", [`${name}${String(text)}`], "Log.onLog");
	};
	const type = realm.defineClass({
		name: "Log",
		construct(self, [level, name]) {
			const number = typeof level === "number" ? level : LEVELS.indexOf(String(level));
			logs.set(self, { level: Math.max(0, number), name: name === undefined ? "" : String(name) });
		},
		methods: {
			logInfo: (self, [text, level]) => write(self, typeof level === "number" ? level : 0, text),
			logDebug: (self, [text]) => write(self, LEVELS.indexOf("DEBUG"), text),
		},
	});
	for (const [index, level] of LEVELS.entries()) Reflect.set(type, level, index);
}
