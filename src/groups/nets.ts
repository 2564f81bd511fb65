/** Networks, ready-made and from layers. */
export {
  alexnet,
  lenet,
  lenet5,
  mobilenetV2,
  network,
  paperResnet18,
  resnet18,
  resnet34,
  twoLayer,
  vgg7,
  vgg11,
  vit,
} from '../models/index.js';
