import { defineByteArray } from "./byte-array-class.ts";
import { defineFile } from "./file-class.ts";
import type { FileSandboxOptions } from "./file-sandbox.ts";
import { HttpLoader } from "./http-loader.ts";
import { defineLoadVars } from "./load-vars-class.ts";
import { defineLog } from "./log-class.ts";
import type { ScriptRealm } from "./script-realm.ts";
import { defineSha256 } from "./sha256-class.ts";
import { defineXml } from "./xml-class.ts";
import { defineXmlSocket, type XmlSocketOptions } from "./xml-socket-class.ts";

/** What the utility classes of old scripts have to know. */
export type StandardClassesOptions = FileSandboxOptions & XmlSocketOptions;

/**
 * Defines the classes of old scripts that need nothing of a server: `File`, `LoadVars`, `XML`, `XMLNode`, `XMLSocket`,
 * `ByteArray`, `SHA256`, `Log`. Files, sockets and requests end with the realm.
 */
export function defineStandardClasses(realm: ScriptRealm, options: StandardClassesOptions): void {
	const loader = new HttpLoader();
	realm.onClose(() => loader.close());
	defineByteArray(realm);
	defineFile(realm, options);
	defineLoadVars(realm, loader);
	defineLog(realm);
	defineSha256(realm);
	defineXmlSocket(realm, defineXml(realm, loader), options);
}
