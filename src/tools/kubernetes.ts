import { NOTHING, type Tool } from './tool.ts';

/** KUBERNETES_NAMESPACE and KUBERNETES_SERVICE_ACCOUNT, as Onyxia has them. kubectl itself reads the account's files. */
export const kubernetes: Tool = {
  name: 'kubernetes',
  configure(_settings, { kubernetes: { namespace, serviceAccount } }) {
    if (namespace === undefined && serviceAccount === undefined) return undefined;
    return {
      ...NOTHING,
      defaults: {
        ...(namespace === undefined ? {} : { KUBERNETES_NAMESPACE: namespace }),
        ...(serviceAccount === undefined ? {} : { KUBERNETES_SERVICE_ACCOUNT: serviceAccount }),
      },
    };
  },
};
