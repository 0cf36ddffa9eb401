import { X509Certificate } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@millrace/core/fault";
import type { CertificateFiles } from "./certificate-store.ts";
import { makeSelfSigned } from "./self-signed.ts";

/** A certificate that holds for less than this is made anew at the start. */
const RENEW_MILLIS = 30 * 86_400_000;

/**
 * The self-signed certificate of a folder (`tls-certificate.pem`, `tls-key.pem`), which is made where there is none and
 * again 30 days before its end. Throws a `UsageError` (`CERTIFICATE_UNUSABLE`) where it cannot be read or written.
 *
 * @param names host names and addresses that a new one is for
 * @param now milliseconds since 1970
 */
export function keptCertificate(folder: string, names: readonly string[], now: number): CertificateFiles {
	const files = { cert: join(folder, "tls-certificate.pem"), key: join(folder, "tls-key.pem") };
	try {
		if (holds(files, now)) return files;
		const { certificate, key } = makeSelfSigned(names, now);
		mkdirSync(folder, { recursive: true });
		write(files.key, key, 0o600);
		write(files.cert, certificate, 0o644);
		return files;
	} catch (error) {
		throw new UsageError("CERTIFICATE_UNUSABLE", `${files.cert}: ${(error as Error).message}`, { cause: error });
	}
}

function holds({ cert, key }: CertificateFiles, now: number): boolean {
	try {
		readFileSync(key);
		return Date.parse(new X509Certificate(readFileSync(cert)).validTo) - now > RENEW_MILLIS;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
		throw error;
	}
}

/** Whole or not at all: a server that reads it meanwhile finds one of the two. */
function write(file: string, content: string, mode: number): void {
	const next = `${file}.new`;
	writeFileSync(next, content, { mode });
	chmodSync(next, mode);
	renameSync(next, file);
}
