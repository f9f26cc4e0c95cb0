import { SERVICE_NAMES } from '#libs/contracts/services.ts';
import { HoldfastError, problem, type Problem } from '#libs/kernel/errors.ts';
import { TOKEN_PATTERN } from '#libs/kernel/ids.ts';
import { jsonIfAny } from '#libs/kernel/json.ts';

/** Services of the own site by their names, of other sites as `service.site`. */
export type Addresses = Readonly<Record<string, string>>;

export const ADDRESSEES_WANTED = `one of ${SERVICE_NAMES.join(', ')}; at another site with .SITE after it`;

/** A service, or one of another site. */
export function isAddressee(name: string): boolean {
  const [service = '', site, ...more] = name.split('.');
  const isService = (SERVICE_NAMES as readonly string[]).includes(service);
  return isService && more.length === 0 && (site === undefined || TOKEN_PATTERN.test(site));
}

/** Throws CONFIG_INVALID with every problem: a JSON object of service name → host:port. */
export function parseAddresses(text: string): Addresses {
  const parsed = jsonIfAny(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new HoldfastError('CONFIG_INVALID', {
      variable: 'HOLDFAST_ADDRESSES',
      wanted: 'a JSON object of service name and host:port',
    });
  }
  const problems = Object.entries(parsed).flatMap(([name, address]) => addressProblems(name, address));
  if (problems.length > 0)
    throw new HoldfastError('CONFIG_INVALID', { variable: 'HOLDFAST_ADDRESSES' }, { problems });
  return parsed as Addresses;
}

function addressProblems(name: string, address: unknown): Problem[] {
  const wrong = isAddressee(name)
    ? []
    : [problem('CONFIG_INVALID', name, `no such service, wanted ${ADDRESSEES_WANTED}`)];
  const fits = typeof address === 'string' && /^\S+:\d+$/.test(address);
  return fits
    ? wrong
    : [...wrong, problem('CONFIG_INVALID', name, `address ${JSON.stringify(address)} is not host:port`)];
}
