/**
 * Environments of child processes.
 *
 * The environment of this process has the deployer's credentials, and every process of the same user can read the environment that
 * a program was started with (/proc/PID/environ). So no child inherits it: each gets only the variables that its program reads.
 */
import { tmpdir } from 'os';

export type Environment = Readonly<Record<string, string>>;

/** The variables of this process with one of these names. */
export function inherited(...names: readonly (string | RegExp)[]): Environment {
  const isNamed = (variable: string) => names.some((name) => (typeof name === 'string' ? variable === name : name.test(variable)));
  return Object.fromEntries(Object.entries(process.env).filter(([name, value]) => value !== undefined && isNamed(name))) as Environment;
}

/** Read by curl, apt, Docker and others; some read only the lower-case names. */
const PROXIES = /^(?:https?|ftp|all|no)_proxy$/i;

/** Read by the dynamic loader, and by Windows: without them some programs do not start. */
const LOADING = ['LD_LIBRARY_PATH', 'SystemRoot'];

/** For system programs that use no network and no user settings. Their messages are in English, so that they can be recognised. */
export function systemEnvironment(): Environment {
  return { ...inherited('PATH', 'TMPDIR', ...LOADING), LC_ALL: 'C' };
}

/** For Node.js running a file of this library. With Yarn's Plug'n'Play, Node.js finds packages only if NODE_OPTIONS is set. */
export function nodeEnvironment(): Environment {
  return inherited('NODE_OPTIONS', 'NODE_PATH', 'TMPDIR', ...LOADING);
}

/** For apt, which finds its settings and passwords through APT_CONFIG and HOME. */
export function aptEnvironment(): Environment {
  return { ...inherited('PATH', 'HOME', 'TMPDIR', 'APT_CONFIG', PROXIES, ...LOADING), LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
}

/** Prefixes of the variables that container engines and registry credential helpers read. */
const ENGINE = new RegExp(`^(?:${[
  'DOCKER', 'CONTAINER', 'CONTAINERS', 'CONTAINERD', 'PODMAN', 'BUILDAH', 'NERDCTL', 'FINCH', 'STORAGE', 'REGISTRY', 'XDG',
  'LIMA', 'COLIMA',
  // credential helpers: docker-credential-ecr-login, -gcr, -acr
  'AWS', 'GOOGLE', 'CLOUDSDK', 'AZURE',
].join('|')})_`);

/**
 * For a container engine: its own variables, and the variables of its credential helpers. These may contain credentials, but the engine
 * never runs a program of the image that could read them.
 */
export function engineEnvironment(): Environment {
  return inherited(
    'PATH', 'HOME', 'USER', 'LOGNAME', 'USERPROFILE', 'TMPDIR', 'LANG', 'SSH_AUTH_SOCK', 'SSL_CERT_FILE', 'SSL_CERT_DIR',
    'DBUS_SESSION_BUS_ADDRESS',
    PROXIES, ENGINE, ...LOADING,
  );
}

/**
 * For trace commands: PATH and LD_LIBRARY_PATH of this process, by which the program was found; directories for HOME and temporary files;
 * fixed values for the rest. Almost every machine with glibc has the locale C.UTF-8. The time zone is Lambda's.
 *
 * @param directory the command's own directory, empty
 */
export function traceEnvironment(directory: string): Environment {
  return { ...inherited('PATH', 'LD_LIBRARY_PATH'), HOME: directory, TMPDIR: tmpdir(), LANG: 'C.UTF-8', TZ: ':UTC' };
}
