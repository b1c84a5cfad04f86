"""What a defense at training time is: another way to train, or to answer."""

from typing import ClassVar

from sklearn.base import BaseEstimator


class Defense(BaseEstimator):
    """Base of all defenses; by itself plain training.

    Subclass it and override what differs. All methods get the network `net`, a
    :class:`RegularizedNet` whose `training` holds the records. The network clones its defense
    before it is trained. The clone stays with the network as `defense_`; what it keeps of the
    records must go in `end`. Every defense gets the logits of a network that minimizes the cross
    entropy, and batches that tell their rows; the network refuses others.

    Attributes
    ----------
    needs_held_out : bool
        True if the defense learns from records held out from training. The network then refuses to
        train without any. Set it in the class; False by default.
    replaces_criterion : bool
        True if `loss` or `step` take a loss of their own instead of the network's criterion. The
        network then refuses options of the criterion, which would have no effect. Set it in the
        class; False by default.
    """

    _parameter_constraints: ClassVar[dict] = {}
    needs_held_out = False
    replaces_criterion = False

    def check(self, net):  # numpydoc ignore=PR01
        """Refuse what the defense cannot be used with, before anything is trained."""

    def begin(self, net):  # numpydoc ignore=PR01
        """Prepare for training."""

    def begin_epoch(self, net):  # numpydoc ignore=PR01
        """Do what is due before each epoch."""

    def batch_options(self, net):  # numpydoc ignore=PR01,RT01
        """Return further options for the batches of an epoch, those of `RecordBatches`."""
        return {}

    def step(self, net, X, y, **fit_params):
        """Return loss and answers for a batch.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        X, y : torch.Tensor
            Records of the batch, of shape (n_records, ...), and their labels, from 0 on.
        **fit_params : dict
            Passed on to the module.

        Returns
        -------
        loss : torch.Tensor
            One number, with gradients, the penalties included.
        logits : torch.Tensor of shape (n_records, n_classes)
            What the module returned.
        """
        logits = net.infer(X, **fit_params)
        # which adds the penalties to what `loss` returns
        return net.get_loss(logits, y, X=X, training=True), logits

    def loss(self, net, logits, y):
        """Return the loss of a batch, without penalties.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        logits : torch.Tensor of shape (n_records, n_classes)
            What the module returned.
        y : torch.Tensor of shape (n_records,)
            Labels, from 0 on.

        Returns
        -------
        torch.Tensor
            One number, with gradients.
        """
        return net.plain_loss(logits, y)

    def end_epoch(self, net):  # numpydoc ignore=PR01
        """Do what is due after each epoch."""

    def finish(self, net):  # numpydoc ignore=PR01
        """Keep what answers need. Called after training that did not fail, before `end`."""

    def end(self, net):  # numpydoc ignore=PR01
        """Drop what holds records. Called after training, also after one that failed."""

    def answer(self, net, proba):
        """Return the probabilities that the network reveals.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        proba : ndarray of shape (n_records, n_classes)
            The probabilities of the module.

        Returns
        -------
        ndarray of shape (n_records, n_classes)
            The probabilities revealed.
        """
        return proba
