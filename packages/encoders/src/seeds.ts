export { seeds } from '@amr/layers';
