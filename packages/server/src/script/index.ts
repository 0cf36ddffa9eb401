export { findScriptMain, isScript } from "./main-file.ts";
export type {
	NativeAccessor,
	NativeClass,
	ScriptFunction,
	ScriptObject,
	ScriptValue,
} from "./native-class.ts";
export { ScriptError, type ScriptFault } from "./script-fault.ts";
export { type Invoked, type ScriptErrorName, ScriptRealm, type ScriptRealmOptions } from "./script-realm.ts";
export { decodeSource } from "./source-text.ts";
export { defineStandardClasses, type StandardClassesOptions } from "./standard-classes.ts";
