import { constants, X509Certificate } from "node:crypto";
import { readFileSync, statSync, unwatchFile, watchFile } from "node:fs";
import { createSecureContext, createServer, type SecureContext, type Server } from "node:tls";
import { UsageError } from "@millrace/core/fault";

/** Where a certificate is: files in PEM form. The certificate's may hold the whole chain. */
export type CertificateFiles = { readonly cert: string; readonly key: string };

/** Which versions of TLS are spoken, both ends included. */
export type TlsVersions = {
	readonly minVersion: "TLSv1.2" | "TLSv1.3";
	readonly maxVersion: "TLSv1.2" | "TLSv1.3";
};

export type CertificateStoreOptions = TlsVersions & {
	/** At least one; the first is shown to clients that name no host or one that no certificate is for. */
	readonly files: readonly CertificateFiles[];
	/** How long a handshake may take, in milliseconds. */
	readonly handshakeMillis: number;
	/** How often the files are looked at, in milliseconds. Default 5000. */
	readonly watchMillis?: number;
	/** Milliseconds since 1970. Default the platform's. */
	readonly now?: () => number;
	onEvent(event: CertificateEvent): void;
};

/** What an operator should know of the certificates. */
export type CertificateEvent =
	| { readonly kind: "loaded"; readonly file: string; readonly names: string; readonly until: string }
	| { readonly kind: "expired" | "expires-soon"; readonly file: string; readonly until: string }
	| { readonly kind: "unmatched"; readonly name: string }
	| { readonly kind: "failed"; readonly file: string; readonly error: Error };

type Loaded = {
	readonly files: CertificateFiles;
	readonly certificate: X509Certificate;
	readonly context: SecureContext;
};

const WATCH_MILLIS = 5000;
const DAY_MILLIS = 86_400_000;
const SOON_MILLIS = 14 * DAY_MILLIS;

/**
 * The certificates of a server: chosen by the name that a client asks for, and read again when a file changes. A pair
 * that cannot be read any more (half written, say) leaves the former one in force.
 */
export class CertificateStore {
	/** Ends TLS for sockets that are given to it as `connection` events; it listens on nothing itself. */
	readonly server: Server;
	readonly #options: CertificateStoreOptions;
	readonly #loaded: Loaded[];
	readonly #expiry: NodeJS.Timeout;
	readonly #onChange = (): void => this.reload();

	/** Throws a `UsageError` (`CERTIFICATE_UNUSABLE`) that names the file where one cannot be used. */
	constructor(options: CertificateStoreOptions) {
		this.#options = options;
		this.#loaded = options.files.map(files => this.#load(files));
		this.server = createServer({
			...contextOptions(options.files[0]!, options),
			handshakeTimeout: options.handshakeMillis,
			ALPNProtocols: ["http/1.1", "http/1.0"],
			SNICallback: (name, done) => done(null, this.#contextFor(name)),
		});
		// Ports that share it each listen to its events.
		this.server.setMaxListeners(0);
		for (const { cert, key } of options.files) {
			for (const file of new Set([cert, key])) {
				watchFile(file, { interval: options.watchMillis ?? WATCH_MILLIS, persistent: false }, this.#onChange);
			}
		}
		this.#expiry = setInterval(() => this.#warnOfExpiry(), DAY_MILLIS);
		this.#expiry.unref();
		this.#warnOfExpiry();
	}

	/** Reads all files again. Connections that are open keep what they have. */
	reload(): void {
		for (const [index, { files }] of this.#loaded.entries()) {
			try {
				this.#loaded[index] = this.#load(files);
				// For clients that name no host, who never come to the callback.
				if (index === 0) this.server.setSecureContext(contextOptions(files, this.#options));
			} catch (error) {
				this.#options.onEvent({ kind: "failed", file: files.cert, error: error as Error });
			}
		}
		this.#warnOfExpiry();
	}

	/** Watches no longer. */
	close(): void {
		clearInterval(this.#expiry);
		for (const { files } of this.#loaded) {
			for (const file of new Set([files.cert, files.key])) unwatchFile(file, this.#onChange);
		}
	}

	#contextFor(name: string): SecureContext {
		const found = this.#loaded.find(({ certificate }) => certificate.checkHost(name) !== undefined);
		if (found === undefined) this.#options.onEvent({ kind: "unmatched", name });
		return (found ?? this.#loaded[0]!).context;
	}

	#load(files: CertificateFiles): Loaded {
		const loaded = load(files, this.#options);
		const { certificate } = loaded;
		this.#options.onEvent({
			kind: "loaded",
			file: files.cert,
			names: certificate.subjectAltName ?? certificate.subject,
			until: certificate.validTo,
		});
		return loaded;
	}

	#warnOfExpiry(): void {
		const now = (this.#options.now ?? Date.now)();
		for (const { files, certificate } of this.#loaded) {
			const rest = Date.parse(certificate.validTo) - now;
			if (rest >= SOON_MILLIS) continue;
			const kind = rest < 0 ? "expired" : "expires-soon";
			this.#options.onEvent({ kind, file: files.cert, until: certificate.validTo });
		}
	}
}

function load(files: CertificateFiles, versions: TlsVersions): Loaded {
	const options = contextOptions(files, versions);
	try {
		return { files, certificate: new X509Certificate(options.cert), context: createSecureContext(options) };
	} catch (error) {
		throw unusable(`${files.cert} with ${files.key}: ${mismatch(error) ?? (error as Error).message}`, error);
	}
}

function contextOptions({ cert, key }: CertificateFiles, { minVersion, maxVersion }: TlsVersions) {
	const read = (file: string): Buffer => {
		try {
			if (!statSync(file).isFile()) throw new Error("it is no file");
			return readFileSync(file);
		} catch (error) {
			throw unusable(`${file}: ${(error as Error).message}`, error);
		}
	};
	// Clients may not ask for handshake after handshake, each of which costs the server more than them.
	return { cert: read(cert), key: read(key), minVersion, maxVersion, secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
}

function mismatch(error: unknown): string | undefined {
	const { code } = error as NodeJS.ErrnoException;
	return code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH" ? "the key is not the certificate's" : undefined;
}

function unusable(detail: string, cause: unknown): UsageError {
	return new UsageError("CERTIFICATE_UNUSABLE", detail, { cause });
}
