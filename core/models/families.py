"""Imports every model family, so that its builder is registered."""

from core.models import autoencoder as autoencoder
from core.models import cnn as cnn
from core.models import detector as detector
from core.models import diffusion as diffusion
from core.models import encoder as encoder
from core.models import resnet as resnet
from core.models import text_diffusion as text_diffusion
from core.models import text_gan as text_gan
from core.models import vit as vit
from core.models.gan import dcgan as dcgan
from core.models.gan import image_critic as image_critic
from core.models.gan import stylegan2 as stylegan2
from core.models.gan import wgan_gp as wgan_gp
from core.models.translation import cyclegan as cyclegan
