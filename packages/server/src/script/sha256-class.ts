import { sha256 } from "@millrace/core/crypto";
import { byteArrayBytes } from "./byte-array-class.ts";
import type { ScriptRealm } from "./script-realm.ts";

/** Defines `SHA256`, which is Flex's: `SHA256.computeDigest(byteArray)` gives 64 hexadecimal digits. */
export function defineSha256(realm: ScriptRealm): void {
	const type = realm.defineClass({
		name: "SHA256",
		construct() {},
		statics: {
			computeDigest([value]) {
				const bytes = byteArrayBytes(value);
				if (bytes === undefined) throw new TypeError("SHA256.computeDigest takes a ByteArray.");
				return Buffer.from(sha256(bytes)).toString("hex");
			},
		},
	});
	Reflect.set(type, "TYPE_ID", "SHA-256");
}
